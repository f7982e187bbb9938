//! Releasing memory after a load. The allocator releases it only while a thread allocates, but a thread without
//! requests doesn't allocate.

use std::sync::Arc;
use std::time::Duration;

use crate::connection_table::ConnectionTable;

/// Interval at which a thread checks for activity.
const LOOK: Duration = Duration::from_secs(2);
/// Number of times that a quiet thread releases memory, because instances end some seconds after their last request.
const TURNS: u32 = 6;

#[allow(unsafe_code, reason = "a function of the allocator")]
unsafe extern "C" {
    /// A function of mimalloc, the allocator of this library.
    fn mi_collect(force: bool);
}

/// Releases the memory that this thread has freed, after each period without activity on its connections.
pub(crate) async fn release_idle_memory(room: Arc<ConnectionTable>) {
    let mut quiet = Quiet::default();
    loop {
        tokio::time::sleep(LOOK).await;
        if quiet.releases(room.changes()) {
            release();
        }
    }
}

/// A quiet period: the number of changes at its start, and how often memory was released in it.
#[derive(Default)]
struct Quiet {
    known: u64,
    turns: u32,
}

impl Quiet {
    /// Receives the number of changes, and returns whether to release memory now.
    fn releases(&mut self, changes: u64) -> bool {
        if changes != self.known {
            *self = Self {
                known: changes,
                turns: 0,
            };
            return false;
        }
        let due = self.known > 0 && self.turns < TURNS;
        self.turns += u32::from(due);
        due
    }
}

#[allow(unsafe_code, reason = "a function of the allocator")]
fn release() {
    // SAFETY: it can be called at any time, and touches only free memory.
    unsafe { mi_collect(true) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_released_after_each_change_and_not_for_ever() {
        let mut quiet = Quiet::default();
        assert!(!quiet.releases(0));
        for changes in [3, 4, 7] {
            // Not during activity.
            assert!(!quiet.releases(changes));
            assert!((0..TURNS).all(|_| quiet.releases(changes)));
            assert!(!(0..TURNS).any(|_| quiet.releases(changes)));
        }
    }
}
