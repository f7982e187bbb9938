//! Work after a response: done in order, with a limited queue.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use auth_core::Deferred;
use wasip3::wit_bindgen;

use crate::clock::wait;

/// Maximum number of waiting items of each kind in an instance.
const MAX_WAITING: usize = 64;
/// The interval at which a request checks whether the queue has room for its deferred work.
const LOOK: Duration = Duration::from_millis(5);

/// Work for storage, one item at a time, so that events are stored in the order in which they happened.
static RECORDS: Line = Line::new(1);
/// Work that calls another service, which can be slow.
static CALLS: Line = Line::new(4);

/// The worker. The service does the work, but it is created from the platform that defers it. It is therefore set here,
/// and this module does not depend on the service.
static WORKER: OnceLock<Worker> = OnceLock::new();

/// The functions that do deferred work.
pub(crate) struct Worker {
    /// Does an item of work.
    pub(crate) run: fn(Deferred) -> Pin<Box<dyn Future<Output = ()>>>,
    /// Reports that an item will not be done.
    pub(crate) give_up: fn(Deferred),
}

/// Sets the worker, before any work is deferred.
pub(crate) fn set_worker(worker: Worker) {
    WORKER.get_or_init(|| worker);
}

/// A queue of work, and the number of items that are done concurrently.
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

    /// Adds work to the end of the queue. A running task does it, or a new one.
    fn add(&'static self, work: Deferred) {
        let mut queue = self.queue();
        queue.waiting.push_back(work);
        if queue.workers < self.max_concurrency {
            queue.workers += 1;
            drop(queue);
            wit_bindgen::spawn(self.work());
        }
    }

    /// Does the queued work until the queue is empty.
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

/// Queues work whose result no request waits for.
pub(crate) fn defer(work: Deferred) {
    match (work.calls_a_service(), WORKER.get()) {
        // A service that does not respond must not delay other work.
        (true, Some(worker)) if CALLS.is_full() => (worker.give_up)(work),
        (true, _) => CALLS.add(work),
        (false, _) => RECORDS.add(work),
    }
}

/// Waits until the queue has room for a request's deferred work. Requests that arrive faster than storage can keep up
/// with are delayed, and no work is discarded.
pub(crate) async fn wait_for_room() {
    while RECORDS.is_full() {
        wait(LOOK).await;
    }
}
