//! Work that is done after an answer: in order, one thing after the other, and with a bound on what waits.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use auth_core::Deferred;
use wasip3::wit_bindgen;

use crate::clock::wait;

/// How much of each kind waits at most in an instance.
const MAX_WAITING: usize = 64;
/// How often a request looks whether there is room for what it has left to do.
const LOOK: Duration = Duration::from_millis(5);

/// Work for storage, one thing after the other: events are stored in the order in which they happened.
static RECORDS: Line = Line::new(1);
/// Work for an e-mail service, which may be slow.
static MAILS: Line = Line::new(4);

/// Does the work. The service does, which is made of a platform that hands the work over: so it is set here, and this file
/// need not know it.
static WORKER: OnceLock<Worker> = OnceLock::new();

/// What does the work.
pub(crate) struct Worker {
    /// Does it.
    pub(crate) run: fn(Deferred) -> Pin<Box<dyn Future<Output = ()>>>,
    /// Reports that it will not be done.
    pub(crate) give_up: fn(Deferred),
}

/// Sets what does the work, before there is any.
pub(crate) fn set_worker(worker: Worker) {
    WORKER.get_or_init(|| worker);
}

/// What waits, and how many things are done at once.
struct Line {
    max_concurrency: usize,
    queue: Mutex<Queue>,
}

struct Queue {
    waiting: VecDeque<Deferred>,
    workers: usize,
}

impl Line {
    const fn new(max_concurrency: usize) -> Self {
        Self {
            max_concurrency,
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
        if queue.workers < self.max_concurrency {
            queue.workers += 1;
            drop(queue);
            wit_bindgen::spawn(self.work());
        }
    }

    /// Does what waits until nothing does.
    async fn work(&'static self) {
        while let Some(work) = self.next() {
            if let Some(worker) = WORKER.get() {
                (worker.run)(work).await;
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
        self.queue().waiting.len() >= MAX_WAITING
    }
}

/// Takes work that nobody waits for.
pub(crate) fn defer(work: Deferred) {
    match (work.is_mail(), WORKER.get()) {
        // An e-mail service that does not answer must not hold up everything else.
        (true, Some(worker)) if MAILS.is_full() => (worker.give_up)(work),
        (true, _) => MAILS.add(work),
        (false, _) => RECORDS.add(work),
    }
}

/// Waits until there is room for the work that a request leaves. Requests that come faster than storage are held back, and
/// no work is thrown away.
pub(crate) async fn wait_for_room() {
    while RECORDS.is_full() {
        wait(LOOK).await;
    }
}
