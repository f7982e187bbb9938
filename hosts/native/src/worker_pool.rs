//! A worker pool: a runtime, the instances that serve requests on it, and the turns of the requests.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use gatewright_http::ApiError;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::runtime::Handle;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{ExpirationError, InstantiationError, ProxyHandler};

use crate::budget::{Budget, Buffer, Held};
use crate::instance::factory::Instances;
use crate::turns::Turns;

/// Size of a response that needs no memory of the budget. Responses to changes and health checks are that short.
const UNCOUNTED: usize = 4 * 1024;

/// Serves requests up to a limit, and answers the others with 503.
pub(crate) struct WorkerPool {
    handler: ProxyHandler<Instances>,
    runtime: Handle,
    turns: Arc<Turns>,
}

impl WorkerPool {
    /// Creates a pool on a runtime.
    pub(crate) fn new(maker: Instances, runtime: Handle, turns: Turns) -> Self {
        Self {
            handler: ProxyHandler::new(maker),
            runtime,
            turns: Arc::new(turns),
        }
    }

    /// Returns a pool with the same instances and other turns.
    pub(crate) fn with_turns(&self, turns: Arc<Turns>) -> Self {
        Self {
            handler: self.handler.clone(),
            runtime: self.runtime.clone(),
            turns,
        }
    }

    /// Serves a request when it is its turn. Reads the response to its end, so that a slow client occupies memory of
    /// the budget and not an instance.
    pub(crate) async fn serve(
        &self,
        request: Request<WasiBody>,
        budget: Budget,
    ) -> Result<(Response<Bytes>, Held), ApiError> {
        let turn = self.turns.take().await.ok_or_else(overloaded)?;
        let (handler, timeout) = (self.handler.clone(), self.turns.timeout());
        let started = Instant::now();
        // The turn belongs to the work, which continues after the client disconnects.
        let work = self.runtime.spawn(async move {
            let response = match handler.handle((), request).await {
                Ok(response) => {
                    let whole = tokio::time::timeout(timeout, collect(response, budget));
                    Ok(whole.await.unwrap_or_else(|_| Err(too_long())))
                }
                Err(error) => Err(error),
            };
            drop(turn);
            response
        });
        let response = work
            .await
            .map_err(|_| ApiError::internal("the thread of a request ended"))?;
        response.unwrap_or_else(|error| {
            // An instance that never yields can only be ended, like one that traps.
            if error.is::<ExpirationError>() || started.elapsed() >= timeout {
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
