//! Giving memory back after a load. The allocator does that while a thread goes on to allocate, and a thread without
//! requests doesn't.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often a thread looks whether requests have come.
const LOOK: Duration = Duration::from_secs(2);
/// How often in turn a quiet thread gives back: instances end some seconds after their last request.
const TURNS: u32 = 4;

#[allow(unsafe_code, reason = "a function of the allocator")]
unsafe extern "C" {
    /// Of mimalloc, which this library has as its allocator.
    fn mi_collect(force: bool);
}

/// Gives back what the thread that this runs on has freed, when no requests were counted for a while.
pub(crate) async fn tidy(requests: Arc<AtomicU64>) {
    let (mut known, mut turns) = (0, TURNS);
    loop {
        tokio::time::sleep(LOOK).await;
        let counted = requests.load(Ordering::Relaxed);
        if counted != known {
            (known, turns) = (counted, 0);
        } else if turns < TURNS {
            turns += 1;
            give_back();
        }
    }
}

#[allow(unsafe_code, reason = "a function of the allocator")]
fn give_back() {
    // SAFETY: it may be called at any time, and touches only what is free.
    unsafe { mi_collect(true) };
}
