//! A worker pool: a runtime, the instances that serve requests on it, and a limit on the requests that wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatewright_http::ApiError;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{ExpirationError, InstantiationError, ProxyHandler};

use crate::budget::{Budget, Buffer, Held};
use crate::instance::factory::Instances;

/// Size of a response that needs no memory of the budget. Responses to changes and health checks are that short.
const UNCOUNTED: usize = 4 * 1024;

/// Serves requests up to a limit, and answers the others with 503.
pub(crate) struct WorkerPool {
    handler: ProxyHandler<Instances>,
    runtime: Handle,
    /// A permit for each instance that can serve at the same time.
    permits: Arc<Semaphore>,
    /// Number of waiting and running requests, and their maximum.
    requests: Arc<AtomicUsize>,
    max_requests: usize,
    timeout: Duration,
}

impl WorkerPool {
    /// Creates a pool on a runtime, in which up to `max_concurrency` instances serve at the same time, and up to
    /// `max_requests` requests wait or run, each for at most `timeout`.
    pub(crate) fn new(
        maker: Instances,
        runtime: Handle,
        max_concurrency: usize,
        max_requests: usize,
        timeout: Duration,
    ) -> Self {
        Self {
            handler: ProxyHandler::new(maker),
            runtime,
            permits: Arc::new(Semaphore::new(max_concurrency)),
            requests: Arc::default(),
            max_requests,
            timeout,
        }
    }

    /// Serves a request when it is its turn. Reads the response to its end, so that a slow client occupies memory of
    /// the budget and not an instance.
    pub(crate) async fn serve(
        &self,
        request: Request<WasiBody>,
        budget: Budget,
    ) -> Result<(Response<Bytes>, Held), ApiError> {
        let counted =
            CountedRequest::new(&self.requests, self.max_requests).ok_or_else(overloaded)?;
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => tokio::time::timeout(self.timeout, self.permits.clone().acquire_owned())
                .await
                .ok()
                .and_then(Result::ok)
                .ok_or_else(overloaded)?,
        };
        let (handler, timeout) = (self.handler.clone(), self.timeout);
        let started = Instant::now();
        // Count and permit belong to the work, which continues after the client disconnects.
        let work = self.runtime.spawn(async move {
            let response = match handler.handle((), request).await {
                Ok(response) => {
                    let whole = tokio::time::timeout(timeout, collect(response, budget));
                    Ok(whole.await.unwrap_or_else(|_| Err(too_long())))
                }
                Err(error) => Err(error),
            };
            drop((counted, permit));
            response
        });
        let response = work
            .await
            .map_err(|_| ApiError::internal("the thread of a request ended"))?;
        response.unwrap_or_else(|error| {
            // An instance that never yields can only be ended, like one that traps.
            if error.is::<ExpirationError>() || started.elapsed() >= self.timeout {
                Err(too_long())
            } else if error.is::<InstantiationError<()>>() {
                tracing::error!(cause = ?error, "an instance could not be created");
                Err(overloaded())
            } else {
                tracing::error!(cause = ?error, "request failed");
                Err(ApiError::internal("the instance failed"))
            }
        })
    }
}

/// Reads a response to its end.
async fn collect(
    response: Response<WasiBody>,
    budget: Budget,
) -> Result<(Response<Bytes>, Held), ApiError> {
    let (parts, mut body) = response.into_parts();
    let mut whole = Buffer::new(budget.begin(), UNCOUNTED);
    let length = body.size_hint().lower();
    whole.reserve(usize::try_from(length).unwrap_or(usize::MAX))?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            tracing::error!(cause = ?error, "a response ended early");
            ApiError::internal("the instance failed")
        })?;
        if let Ok(data) = frame.into_data() {
            whole.add(&data)?;
        }
    }
    let (whole, held) = whole.finish();
    Ok((Response::from_parts(parts, whole.into()), held))
}

fn too_long() -> ApiError {
    tracing::error!("a request exceeded REQUEST_TIMEOUT_SECONDS and was ended");
    let message = "The request took too long.";
    ApiError::new(StatusCode::GATEWAY_TIMEOUT, "timeout", message)
}

fn overloaded() -> ApiError {
    ApiError::unavailable(1)
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
