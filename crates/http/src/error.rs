//! The one form of errors.

mod codes;

use auth_core::AccessTokenError;
use bytes::Bytes;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::body::MAX_HEAD;
use crate::reply;
use crate::routes::{RequestBody, Route};

/// An answer that tells what was wrong: outside a code, a message and a status; inside, for the log, the cause.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Vec<Value>,
    header: Option<Header>,
    cause: Option<String>,
    /// For OAuth 2.0: what the login goes on with.
    mfa_token: Option<Box<str>>,
    /// Whether the session in the cookies has ended.
    clears_cookies: bool,
}

/// Boxed, so that results stay small.
type Header = Box<(http::HeaderName, HeaderValue)>;

/// `realm` of challenges (RFC 6750 section 3).
const REALM: &str = "gatewright";

impl ApiError {
    /// An error with a stable code and a message for people.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
            header: None,
            cause: None,
            mfa_token: None,
            clears_cookies: false,
        }
    }

    /// A login by form that needs a second factor, and has nowhere else to say so.
    pub(crate) fn mfa_required(mfa_token: &str) -> Self {
        let message = "A code of the second factor is needed.";
        let mut error = Self::new(StatusCode::FORBIDDEN, "mfa_required", message);
        error.mfa_token = Some(mfa_token.into());
        error
    }

    /// A login that can't be gone on with.
    pub(crate) fn mfa_token_invalid() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "mfa_token_invalid",
            "This login is used up or too old; sign in again.",
        )
        .with_header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{REALM}\""))
    }

    /// The session in the request's cookies has ended, so that the answer clears them.
    pub(crate) fn clearing_cookies(mut self) -> Self {
        self.clears_cookies = true;
        self
    }

    /// Whether the answer clears the request's cookies.
    pub(crate) fn clears_cookies(&self) -> bool {
        self.clears_cookies
    }

    /// Whether it says that the request proves nobody.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// The session lacks a permission.
    pub(crate) fn forbidden(needed: &str) -> Self {
        let message = format!("This needs the permission {needed}.");
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// An administrator who acts as another would change something, or ask about a third person.
    pub(crate) fn impersonating() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "impersonation",
            "Not while acting as another.",
        )
    }

    /// A page of another site sent the request.
    pub(crate) fn cross_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "cross_site_request",
            "With a cookie this takes a request of our own pages.",
        )
    }

    /// The service can't answer now; the client should try again after some seconds.
    pub fn unavailable(retry_after: u64) -> Self {
        let error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The service can't answer now.",
        );
        error.with_header(RETRY_AFTER, &retry_after.to_string())
    }

    /// Something that should not happen happened. The cause is for the log alone.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong.",
        );
        error.cause = Some(cause.into());
        error
    }

    /// The body is larger than the route takes.
    pub fn payload_too_large(limit: usize) -> Self {
        let message = format!("The body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    }

    /// The body comes too slowly.
    pub fn too_slow() -> Self {
        let message = "The body came too slowly.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
    }

    /// The head is larger than the service takes.
    pub(crate) fn head_too_large() -> Self {
        let message = format!("The headers are larger than {MAX_HEAD} bytes.");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, "headers_too_large", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this address.",
        )
    }

    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("Allowed: {allow}."),
        );
        error.with_header(ALLOW, allow)
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Self {
        let message = format!("The content type must be {accepted}.");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    pub(crate) fn malformed_json(problem: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            format!("The body is not JSON: {problem}."),
        )
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn invalid_field(field: &str, code: &str, message: &str) -> Self {
        let mut error = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_failed",
            "Some fields are not valid.",
        );
        error
            .details
            .push(json!({"field": field, "code": code, "message": message}));
        error
    }

    pub(crate) fn unauthenticated() -> Self {
        // RFC 6750 section 3.1: no error code when the request has no token at all.
        let challenge = format!("Bearer realm=\"{REALM}\"");
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "An access token is required.",
        )
        .with_header(WWW_AUTHENTICATE, &challenge)
    }

    fn invalid_token(cause: AccessTokenError) -> Self {
        let challenge = format!(
            "Bearer realm=\"{REALM}\", error=\"invalid_token\", error_description=\"The access token is refused: {cause}\""
        );
        Self::new(
            StatusCode::UNAUTHORIZED,
            cause.as_str(),
            format!("The access token is refused: {cause}."),
        )
        .with_header(WWW_AUTHENTICATE, &challenge)
    }

    fn with_header(mut self, name: http::HeaderName, value: &str) -> Self {
        self.header = HeaderValue::from_str(value)
            .ok()
            .map(|value| Box::new((name, value)));
        self
    }

    /// The cause, for the log.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The answer to a request that a host could not hand on, in the form of the route that it was for.
    pub fn into_host_response(self, route: Option<&Route>) -> Response<Bytes> {
        reply::seal(match route {
            Some(route) => self.into_route_response(route, None),
            None => self.into_response(None),
        })
    }

    /// The answer in the form of a route's errors: RFC 6749's where it is an OAuth 2.0 endpoint.
    pub(crate) fn into_route_response(
        self,
        route: &Route,
        request_id: Option<&str>,
    ) -> Response<Bytes> {
        match route.request {
            RequestBody::Form(_) => self.into_oauth_response(),
            _ => self.into_response(request_id),
        }
    }

    /// The answer in the form of the API. An internal error shows the request's id and nothing else.
    pub(crate) fn into_response(self, request_id: Option<&str>) -> Response<Bytes> {
        let mut error = json!({"code": self.code, "message": self.message, "status_code": self.status.as_u16()});
        if !self.details.is_empty() {
            error["details"] = self.details.into();
        }
        if let (StatusCode::INTERNAL_SERVER_ERROR, Some(id)) = (self.status, request_id) {
            error["request_id"] = id.into();
        }
        Self::finish(self.status, self.header, &json!({ "error": error }))
    }

    fn invalid_credentials(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", message)
            .with_header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{REALM}\""))
    }

    /// The answer in the form of RFC 6749 section 5.2, for OAuth 2.0 endpoints.
    fn into_oauth_response(self) -> Response<Bytes> {
        let (status, code) = match (self.status, self.code) {
            (status, "cross_site_request") => (status, "invalid_request"),
            (_, "mfa_required") => (StatusCode::BAD_REQUEST, "mfa_required"),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                (StatusCode::BAD_REQUEST, "invalid_grant")
            }
            (_, "unsupported_grant_type") => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, _) => {
                (self.status, "temporarily_unavailable")
            }
            (StatusCode::INTERNAL_SERVER_ERROR, _) => (self.status, "server_error"),
            (StatusCode::PAYLOAD_TOO_LARGE, _) => (self.status, "invalid_request"),
            _ => (StatusCode::BAD_REQUEST, "invalid_request"),
        };
        let header = self.header.filter(|header| header.0 == RETRY_AFTER);
        let mut body = json!({"error": code, "error_description": self.message});
        if let Some(token) = self.mfa_token {
            body["mfa_token"] = token.into_string().into();
        }
        Self::finish(status, header, &body)
    }

    fn finish(status: StatusCode, header: Option<Header>, body: &Value) -> Response<Bytes> {
        let mut response = reply::json(status, body);
        if let Some(header) = header {
            response.headers_mut().insert(header.0, header.1);
        }
        response
    }
}
