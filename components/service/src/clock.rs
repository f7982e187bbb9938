//! Delays.

use std::time::Duration;

use wasip3::clocks::monotonic_clock;

/// Waits for a time span.
pub(crate) async fn wait(span: Duration) {
    if !span.is_zero() {
        monotonic_clock::wait_for(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)).await;
    }
}
