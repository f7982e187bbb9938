//! Keys that sign access tokens.

use gatewright_storage::{SigningKeys, StorageError, StoredSigningKey, Timestamp};

use crate::state::MemoryStorage;

impl SigningKeys for MemoryStorage {
    async fn list_signing_keys(&self) -> Result<Vec<StoredSigningKey>, StorageError> {
        let mut keys: Vec<_> = self.lock().keys.values().cloned().collect();
        keys.sort_by_key(|key| (key.created_at, key.kid.clone()));
        Ok(keys)
    }

    async fn add_signing_key(
        &self,
        key: StoredSigningKey,
        replaces: Option<String>,
        replaced_expires_at: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let signs = |other: &&mut StoredSigningKey| {
            other.algorithm == key.algorithm && other.retired_at.is_none()
        };
        let current = state.keys.values_mut().find(signs);
        if current.as_ref().map(|current| &current.kid) != replaces.as_ref() {
            return Ok(false);
        }
        if let Some(current) = current {
            current.retired_at = Some(key.created_at);
            current.expires_at = Some(replaced_expires_at);
        }
        state.keys.insert(key.kid.clone(), key);
        Ok(true)
    }
}
