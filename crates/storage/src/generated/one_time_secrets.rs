//! Secrets that were handed out for one use.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// A secret that was handed out for one use: in a link, or to continue a login.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OneTimeSecret {
    /// Digest of the secret.
    pub digest: String,
    /// What it is for, chosen by the caller. It can't be used for anything else.
    pub purpose: String,
    /// The user it is for, and with whom it is deleted; none: nobody.
    pub user_id: Option<String>,
    /// What the caller wants back with it, as JSON.
    pub payload: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops being accepted.
    pub expires_at: Timestamp,
    /// When it was used; none: not yet.
    pub consumed_at: Option<Timestamp>,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for OneTimeSecret {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("OneTimeSecret")
            .field("purpose", &self.purpose)
            .field("user_id", &self.user_id)
            .field("payload", &self.payload)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .field("consumed_at", &self.consumed_at)
            .finish_non_exhaustive()
    }
}

/// Secrets that were handed out for one use.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait OneTimeSecrets {
    /// Stores a secret that was just handed out. `replaces`: unused ones for the same purpose and user are deleted.
    ///
    /// Atomic.
    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<(), StorageError>;

    /// The one-time secret, even if it is used or expired; none: no such secret.
    async fn find_one_time_secret(
        &self,
        secret: String,
    ) -> Result<Option<OneTimeSecret>, StorageError>;

    /// Uses up a one-time secret.
    ///
    /// Atomic: of any number of concurrent calls with one secret exactly one is true. False: it is used, expired at `now` or
    /// unknown.
    async fn consume_one_time_secret(
        &self,
        secret: String,
        now: Timestamp,
    ) -> Result<bool, StorageError>;
}
