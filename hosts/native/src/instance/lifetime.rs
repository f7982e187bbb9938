//! The lifetime of an instance.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::handler::{ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus};

use super::data::InstanceData;
use super::epochs::Work;

/// Time after a request's timeout when an instance that does not yield is ended.
const LAST_RESORT: Duration = Duration::from_millis(100);

/// The end of an instance: after a long idle time, or with a request that takes too long without yielding.
pub(crate) struct Expiration {
    idle: Duration,
    timeout: Duration,
    work: Work,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl Expiration {
    pub(super) fn new(idle: Duration, timeout: Duration, work: Work) -> Self {
        Self {
            idle,
            timeout,
            work,
            sleep: Box::pin(tokio::time::sleep(idle)),
        }
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let limit = if status == WorkerStatus::Idle {
            // No code runs in an instance without a request or work after its response, because it has no threads.
            self.work.end();
            self.idle
        } else {
            self.timeout + LAST_RESORT
        };
        let deadline = tokio::time::Instant::from(start + limit);
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// The number of requests of an instance: at the same time, and before it is replaced.
pub(crate) struct Limits {
    pub(super) max_concurrency: usize,
    pub(super) max_requests: usize,
    pub(super) timeout: Duration,
}

impl WorkerState for Limits {
    type StoreData = InstanceData;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.max_requests {
            ShouldAccept::Never
        } else if concurrent < self.max_concurrency {
            ShouldAccept::Yes
        } else {
            ShouldAccept::No
        }
    }

    fn on_request_start(
        &self,
        store: StoreContextMut<'_, InstanceData>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        store.data().work.begin();
        Box::pin(tokio::time::sleep(self.timeout))
    }

    fn drop(&self, store: Store<InstanceData>, result: Result<(), wasmtime::Error>) {
        let done = store.data().context.done.load(Ordering::Relaxed);
        if let (Err(error), false) = (result, done) {
            tracing::error!(cause = ?error, "an instance failed");
        }
    }
}
