//! Signing keys of access tokens.

use gatewright_storage::{AuditEvent, SigningKeys, StorageError, StoredSigningKey, Timestamp};

use crate::state::{MemoryStorage, State};

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
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let signs = |other: &&StoredSigningKey| {
            other.algorithm == key.algorithm && other.retired_at.is_none()
        };
        let current = state.keys.values().find(signs);
        let is_known = state.keys.contains_key(&key.kid);
        if is_known || current.map(|current| &current.kid) != replaces.as_ref() {
            return Ok(false);
        }
        for other in state.keys.values_mut() {
            if other.retired_at.is_none() || key.emergency {
                other.retired_at.get_or_insert(key.created_at);
                let expires_at = other.expires_at.get_or_insert(replaced_expires_at);
                *expires_at = replaced_expires_at.min(*expires_at);
            }
        }
        state.keys.insert(key.kid.clone(), key);
        state.append_all(events);
        Ok(true)
    }
}

impl State {
    /// Returns when the newest emergency key was created.
    pub(crate) fn keys_ended_at(&self) -> Option<Timestamp> {
        let emergencies = self.keys.values().filter(|key| key.emergency);
        emergencies.map(|key| key.created_at).max()
    }
}
