//! Work that is done after an answer: in order, one thing after the other, and with a bound on what waits.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_core::{Deferred, Platform as _};
use wasip3::wit_bindgen;

use crate::SERVICE;
use crate::platform::Host;

/// How much of each kind waits at most in an instance.
const MOST: usize = 64;
/// How often a request looks whether there is room for what it has left to do.
const LOOK: Duration = Duration::from_millis(5);

/// Work for storage, one thing after the other: events are stored in the order in which they happened.
static RECORDS: Line = Line::new(1);
/// Work for an e-mail service, which may be slow.
static MAILS: Line = Line::new(4);

/// What waits, and how many things are done at once.
struct Line {
    at_once: usize,
    queue: Mutex<Queue>,
}

struct Queue {
    waiting: VecDeque<Deferred>,
    workers: usize,
}

impl Line {
    const fn new(at_once: usize) -> Self {
        Self {
            at_once,
            queue: Mutex::new(Queue {
                waiting: VecDeque::new(),
                workers: 0,
            }),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts work at the end. It is done by a task that is at work already, or by another.
    fn add(&'static self, work: Deferred) {
        let mut queue = self.queue();
        queue.waiting.push_back(work);
        if queue.workers < self.at_once {
            queue.workers += 1;
            drop(queue);
            wit_bindgen::spawn(self.work());
        }
    }

    /// Does what waits until nothing does.
    async fn work(&'static self) {
        while let Some(work) = self.next() {
            // What is deferred comes from a service that was made.
            if let Some(service) = SERVICE.get() {
                service.run(work).await;
            }
        }
    }

    fn next(&self) -> Option<Deferred> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_front();
        if next.is_none() {
            queue.workers -= 1;
        }
        next
    }

    fn is_full(&self) -> bool {
        self.queue().waiting.len() >= MOST
    }
}

/// Takes work that nobody waits for.
pub(crate) fn defer(work: Deferred) {
    match (work.is_mail(), SERVICE.get()) {
        // An e-mail service that does not answer must not hold up everything else.
        (true, Some(service)) if MAILS.is_full() => service.auth().give_up(work),
        (true, _) => MAILS.add(work),
        (false, _) => RECORDS.add(work),
    }
}

/// Waits until there is room for the work that a request leaves. Requests that come faster than storage are held back, and
/// no work is thrown away.
pub(crate) async fn room() {
    while RECORDS.is_full() {
        Host.pause(LOOK).await;
    }
}
