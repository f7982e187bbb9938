//! The owners of sessions, and the revocation of sessions.

use gatewright_storage::{Session, Timestamp};

use crate::state::State;

impl State {
    pub(crate) fn revoke(
        &mut self,
        now: Timestamp,
        reason: &str,
        which: impl Fn(&Session) -> bool,
    ) -> Vec<String> {
        let is_active =
            |session: &Session| session.revoked_at.is_none() && now < session.expires_at;
        let mut revoked = Vec::new();
        for session in self.sessions.values_mut() {
            if is_active(session) && which(session) {
                session.revoked_at = Some(now);
                session.revocation_reason = Some(reason.to_owned());
                revoked.push(session.id.clone());
            }
        }
        revoked
    }
}

/// Returns whether a session belongs to a user: the user signed in to it, or acts as another user in it.
pub(crate) fn belongs_to(session: &Session, user_id: &str) -> bool {
    session.user_id == user_id || session.actor_id.as_deref() == Some(user_id)
}
