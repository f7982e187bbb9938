//! Ranges of time.

use gatewright_storage::{TimeRange, Timestamp};

/// Returns whether a time is in a range.
pub(crate) fn within(range: TimeRange, time: Timestamp) -> bool {
    range.begin.is_none_or(|begin| begin <= time) && range.end.is_none_or(|end| time < end)
}
