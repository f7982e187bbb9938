//! Credentials, and the costs of password hashes.

use gatewright_storage::{AuditEvent, Credentials, PasswordCost, StorageError, Timestamp};

use crate::state::MemoryStorage;

impl Credentials for MemoryStorage {
    async fn replace_credential_secret(
        &self,
        credential_id: String,
        expected: String,
        replacement: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let credential = state
            .users
            .values_mut()
            .flat_map(|user| &mut user.credentials)
            .find(|credential| credential.id == credential_id && credential.secret == expected);
        Ok(credential.is_some_and(|credential| {
            credential.secret = replacement;
            credential.updated_at = now;
            true
        }))
    }

    async fn accept_counter(
        &self,
        credential_id: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let credential = state
            .users
            .values_mut()
            .flat_map(|user| &mut user.credentials)
            .find(|credential| {
                credential.id == credential_id && credential.counter < Some(counter)
            });
        Ok(credential.is_some_and(|credential| {
            credential.counter = Some(counter);
            credential.last_used_at = Some(now);
            true
        }))
    }

    async fn delete_credential(
        &self,
        credential_id: String,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let deleted = state.users.values_mut().any(|user| {
            let had = user.credentials.len();
            user.credentials
                .retain(|credential| credential.id != credential_id);
            user.credentials.len() < had
        });
        if deleted {
            state.append_all(events);
        }
        Ok(deleted)
    }

    async fn list_password_costs(&self) -> Result<Vec<PasswordCost>, StorageError> {
        Ok(self.lock().costs.values().cloned().collect())
    }

    async fn raise_password_costs(&self, costs: Vec<PasswordCost>) -> Result<(), StorageError> {
        let known = &mut self.lock().costs;
        for cost in costs {
            let less = |known: &PasswordCost| known.work < cost.work;
            if known.get(&cost.kind).is_none_or(less) {
                known.insert(cost.kind.clone(), cost);
            }
        }
        Ok(())
    }
}
