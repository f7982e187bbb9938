//! The shared budget of request bodies in progress: bytes, time and places.
//!
//! In a Worker, a request whose client disconnected is never run again, and none of its values are dropped. So a body
//! that has received nothing for a while is removed from the budget.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use auth_core::Timestamp;
use auth_core::config::parse;

use crate::error::api_error::ApiError;
use crate::limits::MAX_BODY;

auth_core::settings! {
    /// The budget of request bodies in one instance of the service.
    pub struct BodyConfig;

    /// Memory for all request bodies in progress together, in each instance or isolate. Further requests are answered
    /// with 503.
    BODY_MEMORY_MIB memory: usize = "8", |text| parse::whole(text, 4, 65_536).map(|mib| (mib as usize) << 20), "MiB, 4 to 65536";
}

/// Time that every body is allowed, regardless of its speed.
const GRACE: Duration = Duration::from_secs(10);
/// Minimum number of bytes per second after that.
const RATE: u64 = 4 * 1024;
/// Maximum number of bodies longer than [`MAX_BODY`] in progress.
const LONG_BODIES: usize = 4;
/// A body that has received nothing for this long counts as abandoned.
const VANISHED: Duration = Duration::from_secs(60);

/// Returns the time within which the next bytes must arrive, measured from the start of the body.
pub fn body_patience(received: usize) -> Duration {
    GRACE + Duration::from_millis(received as u64 * 1000 / RATE)
}

/// The bodies in progress in one instance of the service.
pub(crate) struct Bodies {
    max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    held: usize,
    bodies: BTreeMap<u64, Entry>,
}

struct Entry {
    bytes: usize,
    seen: Timestamp,
}

impl Bodies {
    /// Creates a budget of `max` bytes for all bodies together.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            state: Mutex::default(),
        }
    }

    /// Registers a body of which no bytes have arrived yet.
    pub(crate) fn begin(&self, now: Timestamp) -> Held<'_> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = state.next;
        state.next += 1;
        let entry = Entry {
            bytes: 0,
            seen: now,
        };
        state.bodies.insert(ticket, entry);
        Held {
            bodies: self,
            ticket,
        }
    }
}

/// The share of one body in the budget, released when dropped.
pub(crate) struct Held<'a> {
    bodies: &'a Bodies,
    ticket: u64,
}

impl Held<'_> {
    /// Sets the size of the body to `bytes`.
    ///
    /// # Errors
    /// The budget has no room for them.
    pub(crate) fn grow(&self, bytes: usize, now: Timestamp) -> Result<(), ApiError> {
        let bodies = self.bodies;
        let mut state = bodies.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.grow(self.ticket, bytes, now, bodies.max) {
            return Ok(());
        }
        state.count_out(now);
        if state.grow(self.ticket, bytes, now, bodies.max) {
            Ok(())
        } else {
            Err(ApiError::unavailable(1))
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let state = self.bodies.state.lock();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = state.bodies.remove(&self.ticket) {
            state.held -= entry.bytes;
        }
    }
}

impl State {
    fn grow(&mut self, ticket: u64, bytes: usize, now: Timestamp, max: usize) -> bool {
        let is_long = |entry: &&Entry| entry.bytes > MAX_BODY;
        // An abandoned body was already removed.
        let Some(entry) = self.bodies.get(&ticket) else {
            return false;
        };
        let held = self.held - entry.bytes + bytes;
        let becomes_long = bytes > MAX_BODY && !is_long(&entry);
        let has_place = !becomes_long || self.bodies.values().filter(is_long).count() < LONG_BODIES;
        if held > max || !has_place {
            return false;
        }
        self.held = held;
        self.bodies.insert(ticket, Entry { bytes, seen: now });
        true
    }

    fn count_out(&mut self, now: Timestamp) {
        self.bodies
            .retain(|_, entry| now.since(entry.seen) < VANISHED);
        self.held = self.bodies.values().map(|entry| entry.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn no_more_bytes_are_held_than_there_are() {
        let bodies = Bodies::new(100);
        let (first, second) = (bodies.begin(at(0)), bodies.begin(at(0)));
        assert!(first.grow(60, at(0)).is_ok());
        assert!(second.grow(41, at(0)).is_err());
        assert!(second.grow(40, at(0)).is_ok());
        assert!(first.grow(61, at(0)).is_err());
        drop(second);
        assert!(first.grow(100, at(0)).is_ok());
        drop(first);
        assert!(bodies.begin(at(0)).grow(100, at(0)).is_ok());
        assert!(bodies.begin(at(0)).grow(100, at(0)).is_ok());
    }

    #[test]
    fn long_bodies_have_few_places_and_short_ones_go_on() {
        let bodies = Bodies::new(usize::MAX);
        let long: Vec<_> = (0..LONG_BODIES).map(|_| bodies.begin(at(0))).collect();
        for body in &long {
            assert!(body.grow(MAX_BODY + 1, at(0)).is_ok());
            assert!(body.grow(MAX_BODY + 2, at(0)).is_ok());
        }
        let another = bodies.begin(at(0));
        assert!(another.grow(MAX_BODY + 1, at(0)).is_err());
        assert!(another.grow(MAX_BODY, at(0)).is_ok());
        drop(long);
        assert!(another.grow(MAX_BODY + 1, at(0)).is_ok());
    }

    #[test]
    fn a_body_whose_request_vanished_is_counted_out() {
        let bodies = Bodies::new(100);
        let (vanished, next) = (bodies.begin(at(0)), bodies.begin(at(0)));
        assert!(vanished.grow(100, at(1)).is_ok());
        assert!(next.grow(1, at(59)).is_err());
        assert!(bodies.begin(at(61)).grow(100, at(61)).is_ok());
        // The abandoned body can't grow any more, and releases its bytes only once.
        assert!(vanished.grow(1, at(61)).is_err());
        drop(vanished);
        assert!(bodies.begin(at(61)).grow(100, at(61)).is_ok());
        assert!(bodies.begin(at(61)).grow(101, at(61)).is_err());
    }

    #[test]
    fn a_slow_body_has_little_time() {
        assert_eq!(body_patience(0), GRACE);
        assert!(body_patience(MAX_BODY) < Duration::from_secs(30));
    }
}
