//! The turns of requests: how many run at the same time, and how many wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The part of the turns of sign-in providers that belongs to single providers. They share the others.
const OWN_PART: usize = 2;

/// A limit on the requests that run at the same time, and on those that wait for it.
pub(crate) struct Turns {
    /// A permit for each request that can run at the same time.
    own: Arc<Semaphore>,
    /// Permits for further requests, which several limits share.
    shared: Arc<Semaphore>,
    /// Number of waiting and running requests, and their maximum.
    requests: Arc<AtomicUsize>,
    max_requests: usize,
    timeout: Duration,
}

/// The turn of a request, which ends when this is dropped.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
    _counted: CountedRequest,
}

impl Turns {
    /// Creates a limit by which up to `max_concurrency` requests run at the same time, and up to `max_requests` wait or
    /// run, each for at most `timeout`.
    pub(crate) fn new(max_concurrency: usize, max_requests: usize, timeout: Duration) -> Self {
        Self {
            own: Arc::new(Semaphore::new(max_concurrency)),
            shared: Arc::new(Semaphore::new(0)),
            requests: Arc::default(),
            max_requests,
            timeout,
        }
    }

    /// Creates limits by which up to `max_concurrency` requests run at the same time: one limit for each sign-in provider,
    /// and one with an empty name for requests that name none. Each has at least one turn of its own, which no other can
    /// take. So a provider that does not answer stops no other.
    pub(crate) fn of_providers(
        names: Vec<String>,
        max_concurrency: usize,
        max_requests: usize,
        timeout: Duration,
    ) -> BTreeMap<String, Arc<Self>> {
        let limits = names.len() + 1;
        let own = (max_concurrency / OWN_PART / limits).max(1);
        let shared = max_concurrency.saturating_sub(own * limits);
        let shared = Arc::new(Semaphore::new(shared));
        let limit = |name| {
            let limit = Self {
                shared: shared.clone(),
                ..Self::new(own, max_requests, timeout)
            };
            (name, Arc::new(limit))
        };
        names
            .into_iter()
            .chain([String::new()])
            .map(limit)
            .collect()
    }

    /// The time limit of a turn, and of waiting for it.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Waits for a turn. Returns `None` if too many requests wait, or this one has waited too long.
    pub(crate) async fn take(&self) -> Option<Turn> {
        let counted = CountedRequest::new(&self.requests, self.max_requests)?;
        let free = [&self.own, &self.shared]
            .into_iter()
            .find_map(|permits| permits.clone().try_acquire_owned().ok());
        let permit = match free {
            Some(permit) => permit,
            None => tokio::time::timeout(self.timeout, self.next())
                .await
                .ok()??,
        };
        Some(Turn {
            _permit: permit,
            _counted: counted,
        })
    }

    async fn next(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            permit = self.own.clone().acquire_owned() => permit.ok(),
            permit = self.shared.clone().acquire_owned() => permit.ok(),
        }
    }
}

/// A request that is counted until this is dropped.
struct CountedRequest(Arc<AtomicUsize>);

impl CountedRequest {
    fn new(requests: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let counted = Self(requests.clone());
        (requests.fetch_add(1, Ordering::Relaxed) < max).then_some(counted)
    }
}

impl Drop for CountedRequest {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use super::*;

    /// Returns the turn if it need not be waited for.
    fn at_once(turns: &Turns) -> Option<Turn> {
        match pin!(turns.take()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => turn,
            Poll::Pending => None,
        }
    }

    /// Takes all turns that need not be waited for.
    fn all(turns: &Turns) -> Vec<Turn> {
        std::iter::from_fn(|| at_once(turns)).collect()
    }

    #[tokio::test]
    async fn a_provider_leaves_turns_to_the_others() {
        let names = |count: usize| (0..count).map(|number| number.to_string()).collect();
        for (providers, turns, own) in [(1, 64, 16), (3, 64, 8), (50, 64, 1), (2, 4, 1), (3, 1, 1)]
        {
            let limits = Turns::of_providers(names(providers), turns, 100, Duration::MAX);
            let taken: Vec<_> = limits.values().map(|limit| all(limit)).collect();
            let counts: Vec<_> = taken.iter().map(Vec::len).collect();
            let limit = turns.max(providers + 1);
            assert_eq!(counts.iter().sum::<usize>(), limit, "{counts:?}");
            // Only the first one has more than its own.
            assert!(counts[1..].iter().all(|count| *count == own), "{counts:?}");
            drop(taken);
            assert!(limits.values().all(|limit| at_once(limit).is_some()));
        }
    }

    #[tokio::test]
    async fn a_turn_that_ends_is_the_next_ones() {
        let limits = Turns::of_providers(vec!["acme".into()], 4, 100, Duration::MAX);
        let (acme, others) = (&limits["acme"], &limits[""]);
        let (mut of_acme, of_others) = (all(acme), all(others));
        assert_eq!((of_acme.len(), of_others.len()), (3, 1));
        let context = &mut Context::from_waker(Waker::noop());
        let mut next = pin!(others.take());
        assert!(next.as_mut().poll(context).is_pending());
        // The one that only `acme` can have.
        drop(of_acme.remove(0));
        assert!(next.as_mut().poll(context).is_pending());
        drop(of_acme);
        assert!(next.as_mut().poll(context).is_ready());
    }

    #[tokio::test]
    async fn requests_beyond_the_maximum_are_refused() {
        let turns = Turns::new(1, 2, Duration::MAX);
        let running = turns.take().await;
        let context = &mut Context::from_waker(Waker::noop());
        let mut waiting = pin!(turns.take());
        assert!(waiting.as_mut().poll(context).is_pending());
        assert!(turns.take().await.is_none());
        drop(running);
        assert!(waiting.await.is_some());
    }
}
