//! The clock.

use auth_core::Timestamp;
use spin_sdk::wasip3::clocks::system_clock;

/// Returns the current time.
pub(crate) fn now() -> Timestamp {
    let now = system_clock::now();
    Timestamp::from_unix(now.seconds, now.nanoseconds)
}
