//! A queue that limits the number of password hashes computed at the same time.
//!
//! A Worker stops a request whose client disconnected: it never runs the request again and drops none of its values. So
//! requests can't wake each other, and a destructor alone does not free a place. Each request polls the queue instead,
//! and a request that has not polled for a while loses its place.

use std::sync::{Mutex, PoisonError};

use core::time::Duration;

use auth_core::Timestamp;
use auth_core::config::parse;

auth_core::settings! {
    /// The settings of the queue, on hosts where it bounds the password hashes.
    pub struct HashQueueConfig on Worker;

    /// Requests that can wait for a password hash in one isolate. Further requests are answered with 503.
    MAX_WAITING_HASHES max_waiting: usize = "64", |text| parse::whole(text, 1, 65_536).map(|n| n as usize), "1 to 65536", Host, "32";
}

/// A waiting request that has not polled for this long counts as abandoned. Live requests poll much more often.
const WAITING_FOR: Duration = Duration::from_secs(2);
/// An admitted request that has not polled for this long counts as abandoned. A hash and its storage calls take much
/// less.
const INSIDE_FOR: Duration = Duration::from_secs(15);

/// Admits a limited number of requests at the same time, in the order of their arrival.
pub struct HashQueue {
    places: usize,
    max: usize,
    queue: Mutex<Queue>,
}

struct Queue {
    next: u64,
    /// Admitted and waiting requests, in the order of their arrival.
    entries: Vec<Entry>,
}

struct Entry {
    ticket: u64,
    inside: bool,
    seen: Timestamp,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

impl HashQueue {
    /// Creates a queue that admits `places` requests and lets `waiting` more wait.
    pub const fn new(places: usize, waiting: usize) -> Self {
        Self {
            places,
            max: places + waiting,
            queue: Mutex::new(Queue {
                next: 0,
                entries: Vec::new(),
            }),
        }
    }

    /// Joins the queue. Returns `None` if the queue is full.
    pub fn join(&self, now: Timestamp) -> Option<Ticket> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.count_out(now);
        if queue.entries.len() >= self.max {
            return None;
        }
        let ticket = queue.next;
        queue.next += 1;
        queue.entries.push(Entry {
            ticket,
            inside: false,
            seen: now,
        });
        Some(Ticket(ticket))
    }

    /// Returns whether this request is admitted now, or `None` if it has lost its place.
    pub fn enter(&self, Ticket(ticket): Ticket, now: Timestamp) -> Option<bool> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.count_out(now);
        let inside = queue.entries.iter().filter(|entry| entry.inside).count();
        let at = queue
            .entries
            .iter()
            .position(|entry| entry.ticket == ticket)?;
        let before = queue.entries[..at].iter().any(|entry| !entry.inside);
        let entry = &mut queue.entries[at];
        entry.seen = now;
        entry.inside = entry.inside || (!before && inside < self.places);
        Some(entry.inside)
    }

    /// Leaves the queue.
    pub fn leave(&self, Ticket(ticket): Ticket) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.entries.retain(|entry| entry.ticket != ticket);
    }
}

impl Queue {
    fn count_out(&mut self, now: Timestamp) {
        self.entries.retain(|entry| {
            let limit = if entry.inside {
                INSIDE_FOR
            } else {
                WAITING_FOR
            };
            now.since(entry.seen) < limit
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn they_enter_in_order_and_no_more_than_there_are_places() {
        let queue = HashQueue::new(2, 2);
        let tickets: Vec<_> = (0..4).map(|_| queue.join(at(0)).unwrap()).collect();
        assert_eq!(queue.join(at(0)), None);
        assert_eq!(queue.enter(tickets[1], at(0)), Some(false));
        assert_eq!(queue.enter(tickets[0], at(0)), Some(true));
        assert_eq!(queue.enter(tickets[1], at(0)), Some(true));
        assert_eq!(queue.enter(tickets[2], at(0)), Some(false));
        queue.leave(tickets[0]);
        assert_eq!(queue.enter(tickets[3], at(0)), Some(false));
        assert_eq!(queue.enter(tickets[2], at(0)), Some(true));
        assert!(queue.join(at(0)).is_some());
    }

    #[test]
    fn who_vanishes_holds_nobody_up_for_long() {
        let queue = HashQueue::new(1, 2);
        let inside = queue.join(at(0)).unwrap();
        assert_eq!(queue.enter(inside, at(0)), Some(true));
        let vanished = queue.join(at(0)).unwrap();
        let next = queue.join(at(1)).unwrap();
        assert_eq!(queue.enter(next, at(2)), Some(false));
        assert_eq!(queue.enter(vanished, at(2)), None);
        assert_eq!(queue.enter(next, at(3)), Some(false));
        for second in 4..15 {
            assert_eq!(queue.enter(next, at(second)), Some(false));
        }
        assert_eq!(queue.enter(next, at(15)), Some(true));
    }
}
