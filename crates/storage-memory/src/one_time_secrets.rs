//! One-time secrets.

use gatewright_storage::{OneTimeSecret, OneTimeSecrets, StorageError, Timestamp};

use crate::state::MemoryStorage;

impl OneTimeSecrets for MemoryStorage {
    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<bool, StorageError> {
        let secrets = &mut self.lock().secrets;
        if secrets.contains_key(&secret.digest) {
            return Ok(false);
        }
        if replaces {
            secrets.retain(|_, other| {
                other.purpose != secret.purpose
                    || other.user_id != secret.user_id
                    || other.consumed_at.is_some()
            });
        }
        secrets.insert(secret.digest.clone(), secret);
        Ok(true)
    }

    async fn find_one_time_secret(
        &self,
        secret: String,
    ) -> Result<Option<OneTimeSecret>, StorageError> {
        Ok(self.lock().secrets.get(&secret).cloned())
    }

    async fn consume_one_time_secret(
        &self,
        secret: String,
        purpose: String,
        now: Timestamp,
    ) -> Result<Option<OneTimeSecret>, StorageError> {
        let mut state = self.lock();
        let usable = state.secrets.get_mut(&secret).filter(|secret| {
            secret.purpose == purpose && secret.consumed_at.is_none() && now < secret.expires_at
        });
        Ok(usable.map(|secret| {
            let before = secret.clone();
            secret.consumed_at = Some(now);
            before
        }))
    }
}
