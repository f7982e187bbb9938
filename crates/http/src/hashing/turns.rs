//! Turns of requests that share an instance. A password hash computes without a pause and holds up all other requests of its
//! instance. A transaction that is open meanwhile would lock the database for everybody else, so the two exclude each other.
//!
//! Nobody is woken by another: the tasks of an instance can't wake each other, so each that waits looks by itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps password hashes and calls of the storage apart, for one instance.
pub struct Turns(Mutex<State>);

struct State {
    /// Calls of the storage under way, each of which may be a transaction of several steps.
    calls: usize,
    /// Hashes that wait for these to end. No further call begins meanwhile, or they would wait for ever.
    hashes: usize,
}

impl Turns {
    /// Nothing goes on.
    pub const fn new() -> Self {
        Self(Mutex::new(State {
            calls: 0,
            hashes: 0,
        }))
    }

    /// Begins a call of the storage, which is under way until what this returns is dropped. None: a hash waits.
    pub fn call(&self) -> Option<StorageCall<'_>> {
        let mut state = self.state();
        if state.hashes > 0 {
            return None;
        }
        state.calls += 1;
        Some(StorageCall(self))
    }

    /// Has a hash wait until what this returns is dropped.
    pub fn hash(&self) -> WaitingHash<'_> {
        self.state().hashes += 1;
        WaitingHash(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new()
    }
}

/// A call of the storage under way.
pub struct StorageCall<'a>(&'a Turns);

impl Drop for StorageCall<'_> {
    fn drop(&mut self) {
        self.0.state().calls -= 1;
    }
}

/// A hash that waits.
pub struct WaitingHash<'a>(&'a Turns);

impl WaitingHash<'_> {
    /// Whether no call of the storage is under way. Then it has to start without another wait.
    pub fn may_start(&self) -> bool {
        self.0.state().calls == 0
    }
}

impl Drop for WaitingHash<'_> {
    fn drop(&mut self) {
        self.0.state().hashes -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hash_starts_in_a_call_and_no_call_begins_while_a_hash_waits() {
        let turns = Turns::new();
        let first = turns.call().unwrap();
        let second = turns.call().unwrap();
        let hash = turns.hash();
        assert!(!hash.may_start());
        assert!(turns.call().is_none());
        drop(first);
        assert!(!hash.may_start());
        drop(second);
        assert!(hash.may_start());
        let another = turns.hash();
        drop(hash);
        assert!(turns.call().is_none());
        assert!(another.may_start());
        drop(another);
        assert!(turns.call().is_some());
    }
}
