//! Secrets that are issued for one use.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// A secret that was issued for one use: in a link, or to continue a login.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OneTimeSecret {
    /// The digest of the secret.
    pub digest: String,
    /// The purpose, chosen by the caller. The secret can't be used for any other.
    pub purpose: String,
    /// The user it was issued for. It is deleted together with this user. `none` means that it belongs to no user.
    pub user_id: Option<String>,
    /// The data that the caller needs when the secret is used, as JSON.
    pub payload: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops being accepted.
    pub expires_at: Timestamp,
    /// When it was used. `none` means not yet.
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

/// Secrets that are issued for one use.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait OneTimeSecrets {
    /// Stores a newly issued secret. If `replaces` is true, the unused secrets of the same purpose and user are deleted.
    ///
    /// If a secret with this digest exists, used or not, nothing is stored or deleted, and the result is false. Otherwise
    /// the result is true.
    ///
    /// Atomic: of any number of concurrent calls with one digest exactly one returns true.
    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<bool, StorageError>;

    /// Returns a one-time secret, even if it is used or expired. `none` means that there is no such secret.
    async fn find_one_time_secret(
        &self,
        secret: String,
    ) -> Result<Option<OneTimeSecret>, StorageError>;

    /// Uses up a one-time secret of this purpose, and returns it as it was before. `none` means that it is used, expired
    /// at `now`, unknown or of another purpose; then nothing changes.
    ///
    /// Atomic: of any number of concurrent calls with one secret exactly one returns it.
    async fn consume_one_time_secret(
        &self,
        secret: String,
        purpose: String,
        now: Timestamp,
    ) -> Result<Option<OneTimeSecret>, StorageError>;
}
