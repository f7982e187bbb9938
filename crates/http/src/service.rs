//! Dispatch of requests to their handlers.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};

use auth_core::{Auth, Deferred, Platform};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;

use crate::call::Call;
use crate::cookies::write::clear;
use crate::error::api_error::ApiError;
use crate::front::Front;
use crate::limits::{MAX_BODY, MAX_HEAD, MAX_HEADERS};
use crate::proof::{Administrator, Authorize as _, Operator};
use crate::proxies::trust::{client_behind, disbelieved};
use crate::request::body;
use crate::request::body_budget::Bodies;
use crate::request::headers::{CLIENT_ADDRESS, HEAD_ONLY};
use crate::response::{cors, reply};
use crate::route::{Access, RequestBody, Route};
use crate::row::Handler;
use crate::table::{self, Found, NoRoute};

/// The routes on top of one instance of the core.
pub struct Service<P> {
    auth: Auth<P>,
    /// Handlers in the order of the table of routes.
    handlers: Vec<Handler<P>>,
    front: Front,
    /// Whether a request has arrived.
    begun: AtomicBool,
    /// Whether the remaining steps of an upgrade are done.
    upgraded: AtomicBool,
    /// Budget of the bodies in progress.
    bodies: Bodies,
    /// Whether an untrusted peer that looks like a proxy was reported.
    reported: AtomicBool,
}

impl<P: Platform + 'static> Service<P> {
    /// Creates the service for `auth`. All request bodies in progress together use at most `body_memory` bytes.
    pub fn new(auth: Auth<P>, body_memory: usize) -> Self {
        let mut instance = [0; 8];
        auth.platform().fill_random(&mut instance);
        Self {
            front: Front::new(Some(&auth.config().web), u64::from_be_bytes(instance)),
            auth,
            handlers: table::handlers(),
            begun: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            bodies: Bodies::new(body_memory),
            reported: AtomicBool::new(false),
        }
    }

    /// Replaces the address of the peer with that of the client if the peer is a trusted proxy. For hosts that take the
    /// peer from a socket. Logs a peer that looks like a proxy and is not trusted.
    pub fn look_behind_proxies(&self, headers: &mut HeaderMap) {
        let proxies = &self.auth.config().proxies;
        if let Some((header, peer)) = disbelieved(proxies, headers)
            && !self.reported.swap(true, Ordering::Relaxed)
        {
            self.auth.warn_once(
                "ignored the client address sent by an untrusted peer in a private network; if the peer is your proxy, add it to TRUSTED_PROXIES",
                vec![("peer", peer.to_string()), ("header", header)],
            );
        }
        let client = client_behind(proxies, headers);
        headers.remove(CLIENT_ADDRESS);
        if let Some(client) = client.and_then(|client| client.to_string().parse().ok()) {
            headers.insert(CLIENT_ADDRESS, client);
        }
    }

    /// Answers a request. Never fails: errors are answers too. The first request also records the settings in the audit
    /// log.
    ///
    /// Reads the rest of an unread body up to a limit. Otherwise a client that is still sending would see a broken
    /// connection instead of the answer.
    pub async fn handle<B: Body>(&self, request: Request<B>) -> Response<Bytes> {
        self.handle_when(request, async || Ok(())).await
    }

    /// Answers a request like [`handle`](Self::handle), but waits for `ready` after reading the body and before calling
    /// the handler, so that a slow client occupies no place in a queue. The value of `ready` is kept until the request
    /// is answered.
    pub async fn handle_when<B: Body, T>(
        &self,
        request: Request<B>,
        ready: impl AsyncFnOnce() -> Result<T, ApiError>,
    ) -> Response<Bytes> {
        let (mut parts, body) = request.into_parts();
        let mut body = pin!(body);
        let response = self.answer(&mut parts, body.as_mut(), ready).await;
        let late = self.auth.platform().pause(body::UNREAD_PATIENCE);
        body::discard(&parts, body, late).await;
        response
    }

    /// Checks the key of the database, and completes the steps of an upgrade that are left to the core, once.
    async fn prepare(&self) -> Result<(), ApiError> {
        self.auth.require_secret_key().await?;
        if !self.upgraded.load(Ordering::Relaxed) {
            self.auth.accounts().renew_email_keys().await?;
            self.upgraded.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn answer<B: Body, T>(
        &self,
        parts: &mut Parts,
        body: Pin<&mut B>,
        ready: impl AsyncFnOnce() -> Result<T, ApiError>,
    ) -> Response<Bytes> {
        let asked = self.front.asked(parts);
        let request_id = self.front.request_id(&asked);
        let of_operator = parts.extensions.get::<Operator>().is_some();
        if !of_operator && !self.begun.swap(true, Ordering::Relaxed) {
            self.auth.audit().record_startup();
        }
        let found = match of_operator || self.front.enter(parts) {
            true => table::find_or_reason(&parts.method, parts.uri.path()),
            false => Err(NoRoute::Path),
        };
        let compatible = self.auth.config().compatibility_routes;
        let served = |route: &&Route| !route.deprecated || compatible;
        let response = match found {
            _ if body::head_size(parts) > MAX_HEAD || parts.headers.len() > MAX_HEADERS => {
                ApiError::head_too_large().into_response(None)
            }
            Ok(found) if !served(&found.route) => ApiError::not_found().into_response(None),
            Ok(found) => self
                .dispatch(found, parts, body, &request_id, ready)
                .await
                .unwrap_or_else(|error| {
                    error.log(self.auth.platform(), &request_id);
                    let clears_cookies = error.clears_cookies();
                    let mut response = error.into_route_response(found.route, Some(&request_id));
                    if clears_cookies {
                        clear(self.auth.config(), parts, response.headers_mut());
                    }
                    response
                }),
            Err(NoRoute::Method(routes)) => {
                let routes: Vec<_> = routes.into_iter().filter(served).collect();
                match routes.as_slice() {
                    [] => ApiError::not_found().into_response(None),
                    routes if parts.method == Method::OPTIONS => cors::preflight(routes),
                    routes => {
                        ApiError::method_not_allowed(&cors::allow(routes)).into_response(None)
                    }
                }
            }
            Err(NoRoute::Path) => ApiError::not_found().into_response(None),
        };
        self.front.finish(&asked, &request_id, response)
    }

    /// Returns the front of the service.
    pub fn front(&self) -> &Front {
        &self.front
    }

    /// Returns the core, which makes the decisions.
    pub fn auth(&self) -> &Auth<P> {
        &self.auth
    }

    /// Returns the platform of the core.
    pub fn platform(&self) -> &P {
        self.auth.platform()
    }

    /// Runs a deferred task, after the request that deferred it is answered.
    pub async fn run(&self, deferred: Deferred) {
        self.auth.run(deferred).await;
    }

    async fn dispatch<B: Body, T>(
        &self,
        found: Found,
        parts: &Parts,
        body: B,
        request_id: &str,
        ready: impl AsyncFnOnce() -> Result<T, ApiError>,
    ) -> Result<Response<Bytes>, ApiError> {
        let Found { route, place } = found;
        let auth = &self.auth;
        let call = |body| Call {
            auth,
            route,
            parts,
            body,
            request_id,
        };
        if route.max_body > MAX_BODY {
            // Only authorized clients can send long bodies.
            Administrator::authorize(&call(&[])).await?;
            if parts.headers.contains_key(HEAD_ONLY) {
                return Ok(reply::empty(StatusCode::NO_CONTENT));
            }
        }
        // Bodies of the operator are already in memory.
        let of_operator = parts.extensions.get::<Operator>().is_some();
        let held = (!of_operator).then(|| self.bodies.begin(auth.platform().now()));
        let body = match route.body {
            RequestBody::None => Bytes::new(),
            _ => body::read(auth.platform(), parts, body, route.max_body, held.as_ref()).await?,
        };
        let _ready = ready().await?;
        // Public GET routes without side effects look up no users, so they also work while storage is unavailable.
        if route.method != "GET" || route.access != Access::Public || route.acts {
            self.prepare().await?;
        }
        let Handler(run) = &self.handlers[place];
        run(&call(&body)).await
    }
}
