//! Gatewright as a Cloudflare Worker: the routes and the core are linked in, and all data is in D1.
//!
//! An isolate serves many requests, some of them concurrently. State that it keeps between them is created without
//! waiting, because a request's future is dropped when its client disconnects.

// The exports of a Worker are generated, and call JavaScript.
#![allow(unsafe_code, reason = "generated bindings")]
#![cfg(target_family = "wasm")]

mod cache;
mod platform;

use std::sync::OnceLock;
use std::time::Duration;

use auth_core::config::{RetentionConfig, WebConfig};
use auth_core::{Auth, Config, Level, Platform as _};
use bytes::Bytes;
use futures::FutureExt as _;
use gatewright_http::{ApiError, CLIENT_ADDRESS, Front, HashQueue, Service, Ticket};
use gatewright_storage_sqlite::purge_when_due;
use http::{HeaderName, Request, Response};
use worker::{
    Body, Context, Delay, Env, HttpRequest, HttpResponse, ScheduleContext, ScheduledEvent, event,
};

use crate::platform::{HASH_MEMORY_KIB, Host, SERVICE, Variables};

/// The header in which Cloudflare passes the client's address.
const CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");

static HASH_QUEUE: OnceLock<HashQueue> = OnceLock::new();

/// The interval at which a request that waits for a password hash checks whether it is its turn.
const LOOK: Duration = Duration::from_millis(10);

/// Handles a request.
#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, _: Context) -> worker::Result<HttpResponse> {
    let (mut parts, body) = request.into_parts();
    // An address that the client sends is not trusted.
    parts.headers.remove(CLIENT_ADDRESS);
    if let Some(address) = parts.headers.get(CONNECTING_IP).cloned() {
        parts.headers.insert(CLIENT_ADDRESS, address);
    }
    let service = match service(&env) {
        Ok(service) => service,
        Err(error) => {
            let web = WebConfig::load(&Variables(env)).now_or_never();
            let web = web.and_then(Result::ok);
            let front = Front::new(web.as_ref(), platform::random());
            return into_response(front.refuse(&front.asked(&parts), error));
        }
    };
    let route = service.front().asked(&parts).route();
    let hashes = route.is_some_and(|route| route.hashes_password);
    // The body is read before the request waits, so that a slow client occupies no place in the queue.
    let ready = async || match hashes {
        true => Passed::wait().await.map(Some),
        false => Ok(None),
    };
    let request = Request::from_parts(parts, body);
    into_response(service.handle_when(request, ready).await)
}

/// A place in the queue of password hashes. Dropping it gives the place back.
struct Passed(Ticket);

impl Passed {
    /// Waits for a place, or fails at once if too many requests are already waiting.
    async fn wait() -> Result<Self, ApiError> {
        let overloaded = || ApiError::unavailable(1);
        let queue = HASH_QUEUE.get().ok_or_else(overloaded)?;
        // Created before the first wait, so that a request that is cancelled while it waits gives its place back.
        let passed = Self(queue.join(platform::now()).ok_or_else(overloaded)?);
        while !queue
            .enter(passed.0, platform::now())
            .ok_or_else(overloaded)?
        {
            Delay::from(LOOK).await;
        }
        Ok(passed)
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        if let Some(queue) = HASH_QUEUE.get() {
            queue.leave(self.0);
        }
    }
}

/// Deletes expired data.
#[event(scheduled)]
async fn scheduled(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    let variables = Variables(env.clone());
    let host = match Host::new(env) {
        Ok(host) => host,
        Err(cause) => return platform::report(&cause),
    };
    let retention = async {
        let loaded = RetentionConfig::load(&variables).await;
        loaded
            .map(|retention| retention.audit)
            .map_err(|error| error.to_string())
    };
    if let Err(error) = purge_when_due(host.d1(), host.now(), retention).await {
        let cause = format!("{error:?}");
        host.log(
            Level::Warn,
            "expired data could not be deleted",
            &[("cause", &cause)],
        );
    }
}

/// Returns the service, which the first request creates from the settings, without waiting.
fn service(env: &Env) -> Result<&'static Service<Host>, ApiError> {
    if let Some(service) = SERVICE.get() {
        return Ok(service);
    }
    let unusable = |cause: &str| {
        platform::report(cause);
        ApiError::unavailable(5)
    };
    let config = Config::from_settings(&Variables(env.clone()))
        .now_or_never()
        .ok_or_else(|| unusable("a variable can't be read without waiting"))?
        .map_err(|error| unusable(&error.to_string()))?;
    if config.argon2_memory > HASH_MEMORY_KIB {
        let memory = config.argon2_memory;
        let cause = format!(
            "ARGON2_MEMORY_KIB is {memory}, but an isolate has {HASH_MEMORY_KIB}: set a lower value"
        );
        return Err(unusable(&cause));
    }
    let host = Host::new(env.clone()).map_err(|cause| unusable(&cause))?;
    let places = (HASH_MEMORY_KIB / config.argon2_memory).clamp(1, 4) as usize;
    HASH_QUEUE.get_or_init(|| HashQueue::new(places, host.max_waiting_hashes()));
    let memory = host.body_memory();
    Ok(SERVICE.get_or_init(|| Service::new(Auth::new(host, config), memory)))
}

fn into_response(response: Response<Bytes>) -> worker::Result<HttpResponse> {
    let (parts, body) = response.into_parts();
    let body = if body.is_empty() {
        Body::empty()
    } else {
        Body::from_stream(futures::stream::iter([Ok::<_, worker::Error>(
            body.to_vec(),
        )]))?
    };
    Ok(Response::from_parts(parts, body))
}
