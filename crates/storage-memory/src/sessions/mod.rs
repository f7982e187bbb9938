//! Sessions and the refresh tokens of their families.

mod rotate;

use gatewright_storage::{
    ActiveSession, AuditEvent, NewSession, Rotation, RotationOutcome, Session, Sessions,
    StartSessionOutcome, StartedSession, StorageError, Timestamp,
};

use crate::ended::belongs_to;
use crate::identities::key;
use crate::state::{MemoryStorage, Token};

impl Sessions for MemoryStorage {
    async fn start_session(&self, new: NewSession) -> Result<StartSessionOutcome, StorageError> {
        let mut state = self.lock();
        let session = new.session;
        let goes_on = |id: &String| {
            state.sessions.get(id).is_some_and(|other| {
                let lasts = other.revoked_at.is_none() && session.created_at < other.expires_at;
                lasts && other.user_id == session.user_id
            })
        };
        if !new.continues.as_ref().is_none_or(goes_on) {
            return Ok(StartSessionOutcome::UserInactive);
        }
        match state.users.get_mut(&session.user_id) {
            Some(owner)
                if owner.user.disabled_at.is_none()
                    && new.credential.as_ref().is_none_or(|id| {
                        owner
                            .credentials
                            .iter()
                            .any(|credential| credential.id == *id)
                    })
                    && new.identity.as_ref().is_none_or(|used| {
                        let mut theirs = owner.identities.iter();
                        theirs.any(|one| key(one) == (&used.issuer, &used.subject))
                    }) =>
            {
                if session.actor_id.is_none() && new.continues.is_none() {
                    owner.user.last_login_at = Some(session.created_at);
                }
            }
            _ => return Ok(StartSessionOutcome::UserInactive),
        }
        let replaced = [new.replaces, Vec::from_iter(new.continues)].concat();
        let mut ended = state.revoke(session.created_at, "replaced", |other| {
            let rests_on = |id: &String| other.id == *id || other.parent_id.as_ref() == Some(id);
            replaced.iter().any(rests_on)
        });
        if new.ends_others {
            ended.extend(state.revoke(session.created_at, "single_session", |other| {
                other.user_id == session.user_id
            }));
        }
        if let Some(token) = new.refresh_token {
            let expires_at = token.expires_at.min(session.expires_at);
            let token_of = Token {
                session_id: session.id.clone(),
                expires_at,
                names_session: token.names_session,
                consumed: None,
            };
            state.tokens.insert(token.digest, token_of);
        }
        state.sessions.insert(session.id.clone(), session.clone());
        state.append_all(new.events);
        let active = state.active(&session);
        Ok(StartSessionOutcome::Started(StartedSession {
            active,
            ended,
        }))
    }

    async fn find_session(
        &self,
        session_id: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        let state = self.lock();
        Ok(state
            .sessions
            .get(&session_id)
            .map(|session| state.active(session)))
    }

    async fn find_session_by_token(
        &self,
        token: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        let state = self.lock();
        let mut sessions = state.sessions.values();
        let found = sessions.find(|session| session.token.as_ref() == Some(&token));
        Ok(found.map(|session| state.active(session)))
    }

    async fn find_refresh_token_session(
        &self,
        token: String,
    ) -> Result<Option<String>, StorageError> {
        Ok(self
            .lock()
            .tokens
            .get(&token)
            .map(|token| token.session_id.clone()))
    }

    async fn list_sessions(
        &self,
        user_id: String,
        now: Timestamp,
    ) -> Result<Vec<Session>, StorageError> {
        let is_active = |session: &&Session| {
            session.user_id == user_id && session.revoked_at.is_none() && now < session.expires_at
        };
        let mut sessions: Vec<_> = self
            .lock()
            .sessions
            .values()
            .filter(is_active)
            .cloned()
            .collect();
        sessions.sort_by(|a, b| (b.last_seen_at, &b.id).cmp(&(a.last_seen_at, &a.id)));
        Ok(sessions)
    }

    async fn touch_session(&self, session_id: String, now: Timestamp) -> Result<(), StorageError> {
        if let Some(session) = self.lock().sessions.get_mut(&session_id) {
            session.last_seen_at = session.last_seen_at.max(now);
        }
        Ok(())
    }

    async fn rotate_refresh_token(
        &self,
        rotation: Rotation,
    ) -> Result<RotationOutcome, StorageError> {
        Ok(self.lock().rotate(rotation))
    }

    async fn revoke_session(
        &self,
        session_id: String,
        now: Timestamp,
        reason: String,
        events: Vec<AuditEvent>,
    ) -> Result<Vec<String>, StorageError> {
        let mut state = self.lock();
        let ended = state.revoke(now, &reason, |session| {
            session.id == session_id || session.parent_id.as_ref() == Some(&session_id)
        });
        if ended.contains(&session_id) {
            state.append_all(events);
        }
        Ok(ended)
    }

    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
        events: Vec<AuditEvent>,
    ) -> Result<Vec<String>, StorageError> {
        let which = |session: &Session| {
            belongs_to(session, &user_id) && Some(&session.id) != except.as_ref()
        };
        let mut state = self.lock();
        let ended = state.revoke(now, &reason, which);
        if !ended.is_empty() {
            state.append_all(events);
        }
        Ok(ended)
    }
}
