//! Intervals of maintenance.

use std::time::Duration;

/// The interval at which expired rows are deleted.
pub const PURGE_EVERY: Duration = Duration::from_secs(600);
/// The time for which ended sessions, tokens and secrets are kept.
pub const KEEP_FOR: Duration = Duration::from_secs(30 * 86_400);
/// The time for which a check that storage can be written relies on the write of an earlier check.
pub const WRITTEN_FOR: Duration = Duration::from_secs(5);
