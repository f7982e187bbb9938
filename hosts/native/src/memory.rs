//! Releasing memory after a load. The allocator does that only while a thread allocates, which a thread without requests
//! does not.

use std::sync::Arc;
use std::time::Duration;

use crate::connection_table::ConnectionTable;

/// How often a thread checks whether anything has happened.
const LOOK: Duration = Duration::from_secs(2);
/// How often in a row a quiet thread releases memory: instances end some seconds after their last request.
const TURNS: u32 = 4;

#[allow(unsafe_code, reason = "a function of the allocator")]
unsafe extern "C" {
    /// Of mimalloc, which this library has as its allocator.
    fn mi_collect(force: bool);
}

/// Releases the memory that this thread has freed, whenever nothing has happened in its room for a while.
pub(crate) async fn release_idle_memory(room: Arc<ConnectionTable>) {
    let mut quiet = Quiet::default();
    loop {
        tokio::time::sleep(LOOK).await;
        if quiet.releases(room.changes()) {
            release();
        }
    }
}

/// A quiet time: the number of changes that it began with, and how often memory was released in it.
#[derive(Default)]
struct Quiet {
    known: u64,
    turns: u32,
}

impl Quiet {
    /// Takes the number of changes, and says whether memory is to be released now.
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
    // SAFETY: it may be called at any time, and touches only what is free.
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
            // Not while anything happens.
            assert!(!quiet.releases(changes));
            assert!((0..TURNS).all(|_| quiet.releases(changes)));
            assert!(!(0..TURNS).any(|_| quiet.releases(changes)));
        }
    }
}
