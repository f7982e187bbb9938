//! Giving memory back after a load. The allocator does that while a thread goes on to allocate, and a thread without
//! requests doesn't.

use std::sync::Arc;
use std::time::Duration;

use crate::peers::Room;

/// How often a thread looks whether anything has happened.
const LOOK: Duration = Duration::from_secs(2);
/// How often in turn a quiet thread gives back: instances end some seconds after their last request.
const TURNS: u32 = 4;

#[allow(unsafe_code, reason = "a function of the allocator")]
unsafe extern "C" {
    /// Of mimalloc, which this library has as its allocator.
    fn mi_collect(force: bool);
}

/// Gives back what the thread that this runs on has freed, when nothing happened in its room for a while.
pub(crate) async fn tidy(room: Arc<Room>) {
    let mut quiet = Quiet::default();
    loop {
        tokio::time::sleep(LOOK).await;
        if quiet.gives_back(room.changes()) {
            give_back();
        }
    }
}

/// A quiet time: the number of changes that it began with, and how often memory was given back in it.
#[derive(Default)]
struct Quiet {
    known: u64,
    turns: u32,
}

impl Quiet {
    /// Looks at the number of changes, and says whether memory is to be given back now.
    fn gives_back(&mut self, changes: u64) -> bool {
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
fn give_back() {
    // SAFETY: it may be called at any time, and touches only what is free.
    unsafe { mi_collect(true) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_after_each_change_and_not_for_ever() {
        let mut quiet = Quiet::default();
        assert!(!quiet.gives_back(0));
        for changes in [3, 4, 7] {
            // Not while anything happens.
            assert!(!quiet.gives_back(changes));
            assert!((0..TURNS).all(|_| quiet.gives_back(changes)));
            assert!(!(0..TURNS).any(|_| quiet.gives_back(changes)));
        }
    }
}
