//! Rotation of refresh tokens.

use gatewright_storage::{ReplayedRotation, Rotation, RotationOutcome};

use crate::state::{Consumed, State, Token};

impl State {
    /// Consumes a refresh token, or returns why it was refused.
    pub(crate) fn rotate(&mut self, rotation: Rotation) -> RotationOutcome {
        let Rotation {
            presented,
            session,
            successor,
            ciphertext,
            now,
            grace,
        } = rotation;
        let token = self.tokens.get(&presented);
        let session = token.map(|token| &token.session_id).or(session.as_ref());
        let Some(session) = session.and_then(|id| self.sessions.get(id)) else {
            return RotationOutcome::Unknown;
        };
        let active = self.active(session);
        if active.session.revoked_at.is_some() || active.user.disabled_at.is_some() {
            return RotationOutcome::Revoked;
        }
        if active.session.expires_at <= now {
            return RotationOutcome::Expired;
        }
        let Some(token) = token else {
            let goes_on = |token: &Token| {
                let of_session = token.session_id == active.session.id;
                of_session && token.consumed.is_none() && now < token.expires_at
            };
            if !self.tokens.values().any(goes_on) {
                return RotationOutcome::Expired;
            }
            self.revoke(now, "refresh_token_reuse", |session| {
                session.id == active.session.id
            });
            return RotationOutcome::Reused(active);
        };
        if let Some(consumed) = &token.consumed {
            if !grace.is_zero() && now < consumed.at + grace {
                let superseded = self
                    .tokens
                    .get(&consumed.successor)
                    .is_none_or(|next| next.consumed.is_some());
                return RotationOutcome::Replayed(ReplayedRotation {
                    ciphertext: consumed.ciphertext.clone(),
                    superseded,
                    active,
                });
            }
            self.revoke(now, "refresh_token_reuse", |session| {
                session.id == active.session.id
            });
            return RotationOutcome::Reused(active);
        }
        if token.expires_at <= now {
            return RotationOutcome::Expired;
        }
        let session_id = active.session.id.clone();
        let expires_at = successor.expires_at.min(active.session.expires_at);
        let next = Token {
            session_id: session_id.clone(),
            expires_at,
            names_session: successor.names_session,
            consumed: None,
        };
        self.tokens.retain(|_, token| {
            let past = |consumed: &Consumed| consumed.at + grace <= now;
            let used_up = token.consumed.as_ref().is_some_and(past);
            token.session_id != session_id || !token.names_session || !used_up
        });
        self.tokens.insert(successor.digest.clone(), next);
        self.tokens
            .get_mut(&presented)
            .expect("found above")
            .consumed = Some(Consumed {
            at: now,
            successor: successor.digest,
            ciphertext,
        });
        let session = self.sessions.get_mut(&session_id).expect("found above");
        session.last_seen_at = now;
        let session = session.clone();
        RotationOutcome::Rotated(self.active(&session))
    }
}
