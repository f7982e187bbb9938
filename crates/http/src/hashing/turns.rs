//! Mutual exclusion of password hashes and storage calls in an instance. A password hash computes without yielding and
//! blocks all other requests of its instance. A transaction open at that time would lock the database for everybody
//! else.
//!
//! The tasks of an instance can't wake each other, so each waiting task polls.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Excludes password hashes and storage calls from each other in one instance.
pub struct Turns(Mutex<State>);

struct State {
    /// Storage calls in progress. Each can be a transaction of several steps.
    calls: usize,
    /// Hashes that wait for these calls to end. No new call begins meanwhile, because the hashes could wait
    /// indefinitely.
    hashes: usize,
}

impl Turns {
    /// Creates a state without calls and hashes.
    pub const fn new() -> Self {
        Self(Mutex::new(State {
            calls: 0,
            hashes: 0,
        }))
    }

    /// Begins a storage call, which lasts until the returned guard is dropped. Returns `None` if a hash is waiting.
    pub fn call(&self) -> Option<StorageCall<'_>> {
        let mut state = self.state();
        if state.hashes > 0 {
            return None;
        }
        state.calls += 1;
        Some(StorageCall(self))
    }

    /// Registers a waiting hash until the returned guard is dropped.
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

/// A storage call in progress.
pub struct StorageCall<'a>(&'a Turns);

impl Drop for StorageCall<'_> {
    fn drop(&mut self) {
        self.0.state().calls -= 1;
    }
}

/// A waiting hash.
pub struct WaitingHash<'a>(&'a Turns);

impl WaitingHash<'_> {
    /// Whether no storage call is in progress. The hash must then start without waiting again.
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
