//! Releasing memory after a load. The allocator does that only while a thread allocates, which a thread without requests
//! does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often a thread checks whether requests have come.
const LOOK: Duration = Duration::from_secs(2);
/// How often in a row a quiet thread releases memory: instances end some seconds after their last request.
const TURNS: u32 = 4;

#[allow(unsafe_code, reason = "a function of the allocator")]
unsafe extern "C" {
    /// Of mimalloc, which this library has as its allocator.
    fn mi_collect(force: bool);
}

/// Releases the memory that this thread has freed, whenever no requests were counted for a while.
pub(crate) async fn release_idle_memory(requests: Arc<AtomicU64>) {
    let (mut known, mut turns) = (0, TURNS);
    loop {
        tokio::time::sleep(LOOK).await;
        let counted = requests.load(Ordering::Relaxed);
        if counted != known {
            (known, turns) = (counted, 0);
        } else if turns < TURNS {
            turns += 1;
            release();
        }
    }
}

#[allow(unsafe_code, reason = "a function of the allocator")]
fn release() {
    // SAFETY: it may be called at any time, and touches only what is free.
    unsafe { mi_collect(true) };
}
