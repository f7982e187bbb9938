//! Counters that limit how often something may happen.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use core::time::Duration;
use crate::time::Timestamp;
use super::types::StorageError;

/// A counter that limits how often something may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limit {
    /// What is counted; chosen by the caller.
    pub key: String,
    /// Length of the window.
    pub window: Duration,
    /// Maximum number of events in one window; one more exceeds the limit.
    pub max: u64,
}

/// A counter after one more event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LimitState {
    /// Events in the current window, including this one.
    pub count: u64,
    /// When the window ends and counting starts again.
    pub resets_at: Timestamp,
}

/// Counters that limit how often something may happen.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait RateLimits {
    /// Counts one event on the limits in order, up to and including the first that it exceeds, and returns the states of
    /// those. The limits after that one are unchanged: an event that was refused by a narrow limit must not use up a wide one.
    ///
    /// At most 8 limits. Atomic: no event is lost and no two callers see the same count within one window.
    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError>;

    /// Deletes the counters whose keys begin with one of these prefixes; at most 8.
    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError>;
}
