//! From a request to its handler, and what surrounds every handler.

use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use auth_core::{Auth, Deferred, Level, Platform};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use serde_json::json;

use crate::bodies::Bodies;
use crate::body::{MAX_BODY, MAX_HEAD};
use crate::caller::{Call, Operator};
use crate::error::ApiError;
use crate::proxies::{client_behind, disbelieved};
use crate::routes::{NoRoute, Operation, RequestBody, Route, find_or_reason};
use crate::{
    accounts, body, cookies, factors, links, operations, pages, reply, roles, signing_in, users,
};

/// Header by which a host tells the address of the client, with or without a port; Spin gives it this name. A host
/// must remove it from what a client sends.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");

/// Header by which a host asks whether the body of a request may be longer than [`MAX_BODY`], before it reads it. The
/// answer is 204, or what refuses the request. Nothing is done but that, whoever sends it.
pub const HEAD_ONLY: HeaderName = HeaderName::from_static("gatewright-head-only");

/// Header that names a request in logs; a client's own is kept if it is short and plain.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The checked-in document; a test fails when the table of routes says something else.
const OPENAPI: &str = include_str!("../openapi.json");

/// What a handler answers.
pub(crate) type Answer = Result<Response<Bytes>, ApiError>;

/// The routes over one instance of the core.
pub struct Service<P> {
    auth: Auth<P>,
    /// First half of the ids of requests, random for each instance.
    instance: u64,
    /// Second half, counted.
    requests: AtomicU64,
    /// Whether a request has come.
    begun: AtomicBool,
    /// The bodies under way.
    bodies: Bodies,
    /// Whether a peer was reported that looks like a proxy and is not believed.
    reported: AtomicBool,
}

impl<P: Platform> Service<P> {
    /// Serves the decisions of `auth`. The request bodies under way take at most so many bytes together.
    pub fn new(auth: Auth<P>, body_memory: usize) -> Self {
        let mut instance = [0; 8];
        auth.platform().fill_random(&mut instance);
        Self {
            auth,
            instance: u64::from_be_bytes(instance),
            requests: AtomicU64::new(0),
            begun: AtomicBool::new(false),
            bodies: Bodies::new(body_memory),
            reported: AtomicBool::new(false),
        }
    }

    /// Puts the client's address in the place of the peer's, where the peer is a trusted proxy. For hosts whose peers are
    /// those of a socket. A peer that looks like a proxy and is not trusted is reported in the log.
    pub fn look_behind_proxies(&self, headers: &mut HeaderMap) {
        let proxies = &self.auth.config().proxies;
        if let Some((header, peer)) = disbelieved(proxies, headers)
            && !self.reported.swap(true, Ordering::Relaxed)
        {
            self.auth.warn_once(
                "a peer in a private network names a client and is not believed; if it is a proxy of yours, set TRUSTED_PROXIES",
                vec![("peer", peer.to_string()), ("header", header)],
            );
        }
        let client = client_behind(proxies, headers);
        headers.remove(CLIENT_ADDRESS);
        if let Some(client) = client.and_then(|client| client.to_string().parse().ok()) {
            headers.insert(CLIENT_ADDRESS, client);
        }
    }

    /// Answers one request. Never fails: what goes wrong is an answer too. The first one also tells the audit log with
    /// which settings it goes on.
    ///
    /// The rest of an unread body is read up to a bound. Without that a client that is still sending would see a broken
    /// connection and not the answer.
    pub async fn handle<B: Body>(&self, request: Request<B>) -> Response<Bytes> {
        self.handle_when(request, async || Ok(())).await
    }

    /// As [`handle`](Self::handle), but what computes waits for `ready` once its body is there: a client that sends slowly
    /// holds no place in a queue. What `ready` returns is kept until the request is answered.
    pub async fn handle_when<B: Body, T>(
        &self,
        request: Request<B>,
        ready: impl AsyncFnOnce() -> Result<T, ApiError>,
    ) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let mut body = pin!(body);
        let response = self.answer(&parts, body.as_mut(), ready).await;
        let late = self.auth.platform().pause(body::UNREAD_PATIENCE);
        body::discard(&parts, body, late).await;
        response
    }

    async fn answer<B: Body, T>(
        &self,
        parts: &Parts,
        body: Pin<&mut B>,
        ready: impl AsyncFnOnce() -> Result<T, ApiError>,
    ) -> Response<Bytes> {
        let request_id = self.request_id(&parts.headers);
        let of_operator = parts.extensions.get::<Operator>().is_some();
        if !of_operator && !self.begun.swap(true, Ordering::Relaxed) {
            self.auth.begin();
        }
        let found = find_or_reason(&parts.method, parts.uri.path());
        let compatible = self.auth.config().compatibility_routes;
        let served = |route: &&Route| !route.deprecated || compatible;
        let mut response = match found {
            _ if body::head_size(parts) > MAX_HEAD => {
                ApiError::head_too_large().into_response(None)
            }
            Ok(route) if !served(&route) => ApiError::not_found().into_response(None),
            Ok(route) => self
                .dispatch(route, parts, body, &request_id, ready)
                .await
                .unwrap_or_else(|error| {
                    log_cause(self.auth.platform(), &error, &request_id);
                    let clears_cookies = error.clears_cookies();
                    let mut response = error.into_route_response(route, Some(&request_id));
                    if clears_cookies {
                        cookies::clear(self.auth.config(), parts, response.headers_mut());
                    }
                    response
                }),
            Err(NoRoute::Method(routes)) => {
                let routes: Vec<_> = routes.iter().copied().filter(served).collect();
                match routes.as_slice() {
                    [] => ApiError::not_found().into_response(None),
                    routes if parts.method == Method::OPTIONS => preflight(routes),
                    routes => ApiError::method_not_allowed(&allow(routes)).into_response(None),
                }
            }
            Err(NoRoute::Path) => ApiError::not_found().into_response(None),
        };
        self.allow_origin(parts, response.headers_mut());
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let mut response = reply::seal(response);
        if parts.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }

    /// The decisions.
    pub fn auth(&self) -> &Auth<P> {
        &self.auth
    }

    /// The platform of the decisions.
    pub fn platform(&self) -> &P {
        self.auth.platform()
    }

    /// Does what the platform was told to defer, once the request that it comes from is answered.
    pub async fn run(&self, deferred: Deferred) {
        self.auth.run(deferred).await;
    }

    async fn dispatch<B: Body, T>(
        &self,
        route: &Route,
        parts: &Parts,
        body: B,
        request_id: &str,
        ready: impl AsyncFnOnce() -> Result<T, ApiError>,
    ) -> Result<Response<Bytes>, ApiError> {
        let auth = &self.auth;
        if route.max_body > MAX_BODY {
            // Long bodies are for those who may send them.
            let call = Call {
                auth,
                route,
                parts,
                body: &[],
                request_id,
            };
            call.actor().await?;
            if parts.headers.contains_key(HEAD_ONLY) {
                return Ok(reply::empty(StatusCode::NO_CONTENT));
            }
        }
        // What the operator sends is in memory already.
        let of_operator = parts.extensions.get::<Operator>().is_some();
        let held = (!of_operator).then(|| self.bodies.begin(auth.platform().now()));
        let body = match route.request {
            RequestBody::None => Bytes::new(),
            _ => body::read(auth.platform(), parts, body, route.max_body, held.as_ref()).await?,
        };
        let _ready = ready().await?;
        let call = &Call {
            auth,
            route,
            parts,
            body: &body,
            request_id,
        };
        match route.operation {
            Operation::Register => signing_in::register(call).await,
            Operation::Login => signing_in::login(call).await,
            Operation::LoginMfa => signing_in::login_mfa(call).await,
            Operation::CookieLogin => signing_in::cookie_login(call).await,
            Operation::Token => signing_in::token(call).await,
            Operation::Refresh => signing_in::refresh(call).await,
            Operation::Logout => signing_in::logout(call).await,
            Operation::LogoutAll => signing_in::logout_all(call).await,
            Operation::Me => accounts::me(call).await,
            Operation::ResendVerification => links::resend_verification(call).await,
            Operation::VerifyEmail => links::verify_email(call).await,
            Operation::ForgotPassword => links::forgot_password(call).await,
            Operation::ResetPassword => links::reset_password(call).await,
            Operation::ConfirmEmail => links::confirm_email(call).await,
            Operation::UndoEmail => links::undo_email(call).await,
            Operation::EnableTotp => factors::enable(call).await,
            Operation::ConfirmTotp => factors::confirm(call).await,
            Operation::DisableTotp => factors::disable(call).await,
            Operation::RecoveryCodes => factors::recovery_codes(call).await,
            Operation::Account => accounts::account(call).await,
            Operation::UpdateAccount => accounts::update(call).await,
            Operation::DeleteAccount => accounts::delete(call).await,
            Operation::ChangePassword => accounts::change_password(call).await,
            Operation::ChangeEmail => accounts::change_email(call).await,
            Operation::LogoutOthers => accounts::logout_others(call).await,
            Operation::Sessions => accounts::sessions(call).await,
            Operation::EndSession => accounts::end_session(call).await,
            Operation::ListUsers => users::list(call).await,
            Operation::CreateUser => users::create(call).await,
            Operation::ImportUsers => users::import(call).await,
            Operation::ExportUsers => users::export(call).await,
            Operation::GetUser => users::get(call).await,
            Operation::UpdateUser => users::update(call).await,
            Operation::DeleteUser => users::delete(call).await,
            Operation::DisableUser => users::disable(call).await,
            Operation::EnableUser => users::enable(call).await,
            Operation::UnlockUser => users::unlock(call).await,
            Operation::ForcePasswordReset => users::reset_password(call).await,
            Operation::UserSessions => users::sessions(call).await,
            Operation::EndUserSessions => users::end_sessions(call).await,
            Operation::EndUserSession => users::end_session(call).await,
            Operation::AddRole => users::add_role(call).await,
            Operation::RemoveRole => users::remove_role(call).await,
            Operation::Impersonate => users::impersonate(call).await,
            Operation::ListRoles => roles::list(call).await,
            Operation::CreateRole => roles::create(call).await,
            Operation::GetRole => roles::get(call).await,
            Operation::UpdateRole => roles::update(call).await,
            Operation::DeleteRole => roles::delete(call).await,
            Operation::GrantPermission => roles::grant(call).await,
            Operation::RevokePermission => roles::revoke(call).await,
            Operation::ListPermissions => roles::list_permissions(call).await,
            Operation::CreatePermission => roles::create_permission(call).await,
            Operation::GetPermission => roles::get_permission(call).await,
            Operation::UpdatePermission => roles::update_permission(call).await,
            Operation::DeletePermission => roles::delete_permission(call).await,
            Operation::CheckAccess => roles::check(call).await,
            Operation::Audit => operations::audit(call).await,
            Operation::ListKeys => operations::keys(call).await,
            Operation::RotateKey => operations::rotate_key(call).await,
            Operation::SetUp => operations::set_up(call).await,
            Operation::Metrics => operations::metrics(call).await,
            Operation::Jwks => Ok(cached(
                auth.jwks().await?.into(),
                "application/json",
                "public, max-age=60",
            )),
            Operation::Healthz => Ok(reply::json(StatusCode::OK, &json!({"status": "ok"}))),
            Operation::Readyz => Ok(match auth.ready().await {
                Ok(()) => reply::json(StatusCode::OK, &json!({"status": "ok"})),
                Err(error) => {
                    let cause = error.to_string();
                    auth.platform().log(
                        Level::Error,
                        "not ready",
                        &[("cause", &cause), ("request_id", request_id)],
                    );
                    ApiError::unavailable(1).into_response(None)
                }
            }),
            Operation::OpenApi => Ok(cached(
                Bytes::from_static(OPENAPI.as_bytes()),
                "application/json",
                "no-cache",
            )),
            Operation::HomePage => Ok(pages::home()),
            Operation::RegisterPage => Ok(pages::register()),
            Operation::LoginPage => Ok(pages::login()),
            Operation::VerifyPage => Ok(pages::verify()),
            Operation::ConfirmEmailPage => Ok(pages::confirm_email()),
            Operation::UndoEmailPage => Ok(pages::undo_email()),
            Operation::ForgotPasswordPage => Ok(pages::forgot_password()),
            Operation::ResetPasswordPage => Ok(pages::reset_password()),
            Operation::AccountPage => Ok(pages::account()),
            Operation::PageScript => Ok(pages::script()),
            Operation::PageStyle => Ok(pages::style()),
        }
    }

    fn request_id(&self, headers: &HeaderMap) -> String {
        let plain = |id: &&str| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        headers
            .get(REQUEST_ID)
            .and_then(|id| id.to_str().ok())
            .filter(plain)
            .map_or_else(
                || {
                    let count = self.requests.fetch_add(1, Ordering::Relaxed);
                    format!("{:016x}-{count:x}", self.instance)
                },
                str::to_owned,
            )
    }

    /// Lets pages of configured origins read the answer (Fetch standard, CORS protocol), also to what is sent with cookies.
    fn allow_origin(&self, parts: &Parts, headers: &mut HeaderMap) {
        let config = self.auth.config();
        let mut origins = config
            .cors_origins
            .iter()
            .chain(&config.frontend_url)
            .peekable();
        if origins.peek().is_none() {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = parts.headers.get(ORIGIN) else {
            return;
        };
        if origins.any(|allowed| allowed.as_bytes() == origin.as_bytes()) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }
}

fn log_cause<P: Platform>(platform: &P, error: &ApiError, request_id: &str) {
    if let Some(cause) = error.cause() {
        let fields = [("cause", cause), ("request_id", request_id)];
        platform.log(Level::Error, "a request could not be answered", &fields);
    }
}

fn cached(body: Bytes, content_type: &'static str, policy: &'static str) -> Response<Bytes> {
    let mut response = reply::with_type(StatusCode::OK, content_type, body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    response
}

fn preflight(routes: &[&Route]) -> Response<Bytes> {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    if let Ok(methods) = HeaderValue::from_str(&allow(routes)) {
        headers.insert(ALLOW, methods.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

fn allow(routes: &[&Route]) -> String {
    let mut methods: Vec<_> = routes.iter().map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

/// The client's address as the host vouches for it in [`CLIENT_ADDRESS`]: in the last one, as Spin adds its own to what
/// the client sent.
pub fn client_address(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(CLIENT_ADDRESS).iter().next_back()?;
    let text = last.to_str().ok()?;
    let address = text.parse::<SocketAddr>().map(|address| address.ip());
    let address = address.or_else(|_| text.parse()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_say_its_own_address() {
        let mut headers = HeaderMap::new();
        headers.append(CLIENT_ADDRESS, "192.0.2.1:5".parse().unwrap());
        headers.append(CLIENT_ADDRESS, "[2001:db8::1]:443".parse().unwrap());
        assert_eq!(client_address(&headers), "2001:db8::1".parse().ok());
    }
}
