//! Gatewright as a Cloudflare Worker: the routes and the core linked in, D1 for truth.
//!
//! An isolate serves many requests, some of them at the same time. What it keeps between them is made at once and never
//! waits: a future of a request is gone for good when its client goes away.

// Exports of a Worker are generated, and speak to JavaScript.
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

/// Where Cloudflare says the client's address.
const CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");

static HASH_QUEUE: OnceLock<HashQueue> = OnceLock::new();

/// How often a request that waits for a password hash looks whether it is its turn.
const LOOK: Duration = Duration::from_millis(10);

/// Answers a request.
#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, _: Context) -> worker::Result<HttpResponse> {
    let (mut parts, body) = request.into_parts();
    // What a client says of its own address is worth nothing.
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
    // Its body is there before it waits: who sends slowly holds no place.
    let ready = async || match hashes {
        true => Passed::wait().await.map(Some),
        false => Ok(None),
    };
    let request = Request::from_parts(parts, body);
    into_response(service.handle_when(request, ready).await)
}

/// A place at the work of password hashes; given back when dropped.
struct Passed(Ticket);

impl Passed {
    /// Waits for a place, or fails at once where too many wait already.
    async fn wait() -> Result<Self, ApiError> {
        let overloaded = || ApiError::unavailable(1);
        let queue = HASH_QUEUE.get().ok_or_else(overloaded)?;
        // Made before the first wait: who is given up while he waits gives his place back.
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

/// Clears out what has expired.
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
            "what has expired could not be cleared out",
            &[("cause", &cause)],
        );
    }
}

/// The service, made of the settings by the first request that comes. Nothing in that waits.
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
        .ok_or_else(|| unusable("a variable had to be waited for"))?
        .map_err(|error| unusable(&error.to_string()))?;
    if config.argon2_memory > HASH_MEMORY_KIB {
        let memory = config.argon2_memory;
        let cause = format!("ARGON2_MEMORY_KIB: an isolate has {HASH_MEMORY_KIB}, not {memory}");
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
