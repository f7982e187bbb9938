//! Dispatching requests to instances.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gatewright_http::{ApiError, Front, MAX_BODY, REQUEST_ID, Route};
use http::header::EXPECT;
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use tokio::sync::Semaphore;

use super::context::ServerContext;
use crate::budget::Held;
use crate::connection_table::Peer;
use crate::request::{Reading, head_only, linger, prepare, without_body};
use crate::worker_pool::WorkerPool;

/// The worker pools that serve the requests of one thread.
pub(super) struct Pools {
    pub(super) light: Arc<WorkerPool>,
    pub(super) hash: Arc<WorkerPool>,
    /// For requests that can wait for a sign-in provider, by its name. If it is slow, they use none of the instances for
    /// others. The empty name is for requests whose provider their path does not say.
    pub(super) providers: BTreeMap<String, WorkerPool>,
    pub(super) long_bodies: Arc<Semaphore>,
    pub(super) timeout: Duration,
}

/// Answers a request by an instance, or with an error of the host in the same format.
pub(super) async fn answer(
    context: Arc<ServerContext>,
    pools: Arc<Pools>,
    peer: Arc<Peer>,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let under_way = peer.begin();
    let (parts, body) = request.into_parts();
    let mut body = Some(body).filter(|body| !body.is_end_stream());
    let asked = context.front.asked(&parts);
    // HTTP/2 can end a request without its connection. With this header, a client sends the body only when it is asked
    // for.
    let may_be_sending = parts.version < Version::HTTP_2 && !parts.headers.contains_key(EXPECT);
    let route = asked.route();
    let pool = pools.of(&context.front, route, &parts);
    let served = pools
        .serve(&peer, address, (route, pool), parts, &mut body)
        .await;
    if let Some(unread) = body.filter(|_| may_be_sending) {
        linger(unread).await;
    }
    let (response, held) = served.unwrap_or_else(|error| {
        let response = context.front.refuse(&asked, error);
        if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
            let request_id = response.headers().get(REQUEST_ID);
            tracing::error!(?request_id, "the host answered a request itself");
        }
        (response, peer.budget().begin())
    });
    Ok(response.map(|body| match body.is_empty() {
        true => Full::default(),
        false => Full::new(peer.sending(body, held, under_way)),
    }))
}

impl Pools {
    /// Returns the pool for a request to this route.
    fn of(&self, front: &Front, route: Option<&Route>, request: &Parts) -> &WorkerPool {
        match route {
            Some(route) if route.hashes_password => &self.hash,
            Some(route) if route.calls_provider => {
                let named = self.providers.get(&front.provider(route, request));
                named
                    .or_else(|| self.providers.get(""))
                    .unwrap_or(&self.light)
            }
            _ => &self.light,
        }
    }

    /// Reads the body first, so that a slow client occupies a connection and not an instance. A body that was not read
    /// to its end stays in `unread`.
    async fn serve(
        &self,
        peer: &Peer,
        address: SocketAddr,
        (route, pool): (Option<&Route>, &WorkerPool),
        parts: Parts,
        unread: &mut Option<Incoming>,
    ) -> Result<(Response<Bytes>, Held), ApiError> {
        let budget = peer.budget();
        let Some(body) = unread else {
            let request = prepare(address, parts, Bytes::new())?;
            return pool.serve(request, budget.clone()).await;
        };
        let Some(route) = route.filter(|route| route.reads_body()) else {
            // The route doesn't read the body, so the instance receives only the head.
            return pool
                .serve(without_body(address, parts)?, budget.clone())
                .await;
        };
        let limit = route.max_body;
        let announced = body.size_hint().exact();
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(ApiError::payload_too_large(limit));
        }
        let mut reading = Reading::new(budget, &parts)?;
        let is_long = announced.is_some_and(|length| length > MAX_BODY as u64);
        let mut permit = None;
        if is_long || !reading.read(body, MAX_BODY, self.timeout).await? {
            if limit <= MAX_BODY {
                return Err(ApiError::payload_too_large(limit));
            }
            // The head shows whether a client can send a long body. Only a few such bodies are read at the same time.
            let head = head_only(address, &parts)?;
            let (response, held) = self.light.serve(head, budget.clone()).await?;
            if response.status() != StatusCode::NO_CONTENT {
                return Ok((response, held));
            }
            let waiting = self.long_bodies.acquire();
            let waiting = tokio::time::timeout(self.timeout, waiting).await;
            permit = waiting.ok().and_then(Result::ok);
            if permit.is_none() {
                return Err(ApiError::unavailable(1));
            }
            if !reading.read(body, limit, self.timeout).await? {
                return Err(ApiError::payload_too_large(limit));
            }
        }
        *unread = None;
        let request = prepare(address, parts, reading.finish())?;
        let served = pool.serve(request, budget.clone()).await;
        drop(permit);
        served
    }
}
