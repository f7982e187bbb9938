//! Counters for rate limits.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use core::time::Duration;
use crate::time::Timestamp;
use super::types::StorageError;

/// A rate limit: the maximum number of events in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limit {
    /// The name of the counter, chosen by the caller.
    pub key: String,
    /// The length of the window.
    pub window: Duration,
    /// The maximum number of events in one window; one more exceeds the limit.
    pub max: u64,
}

/// The state of a counter after one more event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LimitState {
    /// The number of events in the current window, including this one.
    pub count: u64,
    /// When the window ends and counting starts again.
    pub resets_at: Timestamp,
}

/// Counters for rate limits.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait RateLimits {
    /// Counts one event against the limits in order, up to and including the first that it exceeds, and returns the
    /// states of those. The limits after that one are unchanged: an event that a narrow limit refused must not use up a
    /// wide one.
    ///
    /// Accepts at most 8 limits. Atomic: no event is lost, and no two callers see the same count within one window.
    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError>;

    /// Deletes the counters whose keys begin with one of these prefixes. Accepts at most 8 prefixes.
    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError>;
}
