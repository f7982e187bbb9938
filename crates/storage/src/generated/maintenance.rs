//! The database as a whole.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

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
}
