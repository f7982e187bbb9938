//! Recognises a `SECRET_KEY` that is not the one with which the database was created.

use core::sync::atomic::Ordering;

use crate::config::SettingError;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::secret::SecretKey;
use crate::signing_keys::current::is_encrypted_with;
use crate::storage::{Maintenance, SigningKeys, StorageError};

/// Returns whether a key is that of the database: whether storage has its fingerprint. Stores the fingerprint if there
/// is none, unless the key can't decrypt the signing keys, which an earlier version stored without one.
///
/// # Errors
/// Storage fails.
pub async fn is_secret_key_of(
    storage: &(impl Maintenance + SigningKeys),
    key: &SecretKey,
) -> core::result::Result<bool, StorageError> {
    let fingerprint = key.fingerprint();
    let stored = match storage.find_key_fingerprint().await? {
        Some(stored) => stored,
        None => {
            let keys = storage.list_signing_keys().await?;
            if !keys.is_empty() && !keys.iter().any(|stored| is_encrypted_with(key, stored)) {
                return Ok(false);
            }
            let store = storage.store_key_fingerprint(fingerprint.clone());
            store.await?
        }
    };
    Ok(stored == fingerprint)
}

/// Returns the problem of a key that is not that of the database.
pub fn wrong_secret_key() -> SettingError {
    SettingError::Value {
        name: "SECRET_KEY",
        problem: "it is not the key of this database".to_owned(),
        accepts: "the key that the database was created with, the same on every host",
    }
}

/// Checks the key of the settings, until it was right once.
pub(crate) async fn require_secret_key<P: Platform>(context: &Context<P>) -> Result<()> {
    if !context.secret_key_checked.load(Ordering::Relaxed) {
        if !is_secret_key_of(context.storage(), &context.config.secret_key).await? {
            return Err(Error::Unavailable(wrong_secret_key().to_string()));
        }
        context.secret_key_checked.store(true, Ordering::Relaxed);
    }
    Ok(())
}
