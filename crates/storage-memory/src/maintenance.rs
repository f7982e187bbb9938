//! Maintenance of the whole database.

use gatewright_storage::{EmailKey, Maintenance, StorageError, Timestamp};

use crate::state::{MemoryStorage, State};

impl Maintenance for MemoryStorage {
    async fn purge(
        &self,
        now: Timestamp,
        before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError> {
        let mut state = self.lock();
        let rows = |state: &State| {
            let secrets = state.secrets.len() + state.tokens.len();
            let sessions = state.sessions.len() + secrets;
            let others = state.limits.len() + state.documents.len() + state.events.len();
            (sessions + others) as u64
        };
        let had = rows(&state);
        state.tokens.retain(|_, token| token.expires_at >= before);
        state
            .secrets
            .retain(|_, secret| secret.expires_at >= before);
        state.sessions.retain(|_, session| {
            session.expires_at >= before && session.revoked_at.is_none_or(|at| at >= before)
        });
        state.limits.retain(|_, counter| counter.resets_at > now);
        state
            .documents
            .retain(|_, document| document.expires_at > now);
        state
            .events
            .retain(|_, event| audited_before.is_none_or(|before| event.at >= before));
        let purged = had - rows(&state);
        let State {
            sessions, tokens, ..
        } = &mut *state;
        // Tokens of a deleted session are deleted with it. They are not counted, because they are part of the session.
        tokens.retain(|_, token| sessions.contains_key(&token.session_id));
        Ok(purged)
    }

    async fn check(&self, _: Timestamp) -> Result<(), StorageError> {
        Ok(())
    }

    async fn find_key_fingerprint(&self) -> Result<Option<String>, StorageError> {
        Ok(self.lock().key_fingerprint.clone())
    }

    async fn store_key_fingerprint(&self, fingerprint: String) -> Result<String, StorageError> {
        let mut state = self.lock();
        Ok(state.key_fingerprint.get_or_insert(fingerprint).clone())
    }

    /// Always empty: data in memory has no earlier version.
    async fn list_old_email_keys(&self) -> Result<Vec<EmailKey>, StorageError> {
        Ok(Vec::new())
    }

    async fn renew_email_keys(&self, _: Vec<EmailKey>) -> Result<Vec<String>, StorageError> {
        Ok(Vec::new())
    }
}
