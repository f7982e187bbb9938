//! The database as a whole.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// The canonical form of a user's address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EmailKey {
    /// The user.
    pub user_id: String,
    /// Their address.
    pub email: String,
    /// Its canonical form, by which they sign in.
    pub key: String,
}

/// The database as a whole.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Maintenance {
    /// Deletes what no longer matters: windows that have closed by now, sessions and tokens that ended before `ended_before`,
    /// and events that happened before `audited_before`; none: no events. Returns the number of deleted rows.
    ///
    /// Safe at any time and concurrently.
    async fn purge(
        &self,
        now: Timestamp,
        ended_before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError>;

    /// Succeeds if storage can serve: it is reachable, has the schema that this version needs, and takes what is written, which
    /// a full disk does not. Something is written for it, unless a check did so in the five seconds before `now`.
    async fn check(&self, now: Timestamp) -> Result<(), StorageError>;

    /// Up to 100 of the keys that an earlier version made by another rule, those of the oldest users first.
    async fn list_old_email_keys(&self) -> Result<Vec<EmailKey>, StorageError>;

    /// Stores the keys of today's rule, one after another, each if the user is listed, still has that address, and nobody else has
    /// the key. None of these users is listed after that. Returns those who keep the old key, as another user has the new one.
    ///
    /// Atomic: of concurrent calls one finds the user listed.
    async fn renew_email_keys(&self, keys: Vec<EmailKey>) -> Result<Vec<String>, StorageError>;
}
