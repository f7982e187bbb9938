//! Maintenance of the whole database.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// The canonical key of a user's e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EmailKey {
    /// The user.
    pub user_id: String,
    /// The user's address.
    pub email: String,
    /// The canonical form of the address, by which the user signs in.
    pub key: String,
}

/// Maintenance of the whole database.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Maintenance {
    /// Deletes expired data and returns the number of deleted rows: rate limit windows that have closed by `now`,
    /// documents that have expired by `now`, sessions and tokens that ended before `ended_before`, and events that happened
    /// before `audited_before`. `none` for `audited_before` means that no events are deleted.
    ///
    /// Can be called at any time and concurrently.
    async fn purge(
        &self,
        now: Timestamp,
        ended_before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError>;

    /// Succeeds if storage can serve: the database is reachable, has the schema that this version needs, and accepts
    /// writes (a full disk does not). The check writes to the database, unless an earlier check did so in the five
    /// seconds before `now`.
    async fn check(&self, now: Timestamp) -> Result<(), StorageError>;

    /// Returns the fingerprint of the key that encrypts stored data, if one is stored.
    async fn find_key_fingerprint(&self) -> Result<Option<String>, StorageError>;

    /// Stores the fingerprint of the key that encrypts stored data, unless a fingerprint is stored, and returns the stored
    /// one. It never changes afterwards.
    ///
    /// Atomic: concurrent calls with different fingerprints all return the same one.
    async fn store_key_fingerprint(&self, fingerprint: String) -> Result<String, StorageError>;

    /// Returns up to 100 of the keys that an earlier version computed by another rule, those of the oldest users first.
    async fn list_old_email_keys(&self) -> Result<Vec<EmailKey>, StorageError>;

    /// Stores keys that were computed by the current rule, one after another. A key is stored if `list_old_email_keys`
    /// still lists the user, the user still has that address, and no other user has the key. Afterwards none of these
    /// users is listed. Returns the users who keep their old key because another user has the new one.
    ///
    /// Atomic: of concurrent calls exactly one finds the user listed.
    async fn renew_email_keys(&self, keys: Vec<EmailKey>) -> Result<Vec<String>, StorageError>;
}
