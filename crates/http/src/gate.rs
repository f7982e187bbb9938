//! Bounding the password hashes under way where a request may vanish without a word.
//!
//! In a Worker a request whose client went away is never run again, and nothing of it is dropped. So nobody is woken
//! by another and no place is given back by a destructor alone: each looks by itself, and who has not been seen for a
//! while is counted out.

use std::sync::{Mutex, PoisonError};

use core::time::Duration;

use auth_core::Timestamp;

/// After this without a look a waiting request has vanished; it looks many times as often.
const WAITING_FOR: Duration = Duration::from_secs(2);
/// After this one that is inside has vanished: a hash and its storage take a fraction of it.
const INSIDE_FOR: Duration = Duration::from_secs(15);

/// Lets so many in at once, in the order in which they came.
pub struct Gate {
    places: usize,
    most: usize,
    queue: Mutex<Queue>,
}

struct Queue {
    next: u64,
    /// Those inside and those who wait, in the order in which they came.
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

impl Gate {
    /// A gate with `places` inside and `waiting` before it.
    pub const fn new(places: usize, waiting: usize) -> Self {
        Self {
            places,
            most: places + waiting,
            queue: Mutex::new(Queue {
                next: 0,
                entries: Vec::new(),
            }),
        }
    }

    /// Takes a place in the queue; none when it is full.
    pub fn come(&self, now: Timestamp) -> Option<Ticket> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.count_out(now);
        if queue.entries.len() >= self.most {
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

    /// Whether it is this one's turn, who is inside then. None: it was counted out.
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

    /// Gives a place back.
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
        let gate = Gate::new(2, 2);
        let tickets: Vec<_> = (0..4).map(|_| gate.come(at(0)).unwrap()).collect();
        assert_eq!(gate.come(at(0)), None);
        assert_eq!(gate.enter(tickets[1], at(0)), Some(false));
        assert_eq!(gate.enter(tickets[0], at(0)), Some(true));
        assert_eq!(gate.enter(tickets[1], at(0)), Some(true));
        assert_eq!(gate.enter(tickets[2], at(0)), Some(false));
        gate.leave(tickets[0]);
        assert_eq!(gate.enter(tickets[3], at(0)), Some(false));
        assert_eq!(gate.enter(tickets[2], at(0)), Some(true));
        assert!(gate.come(at(0)).is_some());
    }

    #[test]
    fn who_vanishes_holds_nobody_up_for_long() {
        let gate = Gate::new(1, 2);
        let inside = gate.come(at(0)).unwrap();
        assert_eq!(gate.enter(inside, at(0)), Some(true));
        let vanished = gate.come(at(0)).unwrap();
        let next = gate.come(at(1)).unwrap();
        assert_eq!(gate.enter(next, at(2)), Some(false));
        assert_eq!(gate.enter(vanished, at(2)), None);
        assert_eq!(gate.enter(next, at(3)), Some(false));
        for second in 4..15 {
            assert_eq!(gate.enter(next, at(second)), Some(false));
        }
        assert_eq!(gate.enter(next, at(15)), Some(true));
    }
}
