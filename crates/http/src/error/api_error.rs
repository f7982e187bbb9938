//! The errors that requests are answered with.

use auth_core::AccessTokenError;
use http::header::{ACCEPT_ENCODING, ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::limits::{MAX_HEAD, MAX_HEADERS};

/// An answer that tells what was wrong: outside a code, a message and a status; inside, for the log, the cause.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) details: Vec<Value>,
    pub(super) header: Option<Header>,
    pub(super) cause: Option<String>,
    /// For OAuth 2.0: what the login goes on with.
    pub(super) mfa_token: Option<Box<str>>,
    /// Whether the session in the cookies has ended.
    pub(super) clears_cookies: bool,
}

/// Boxed, so that results stay small.
pub(super) type Header = Box<(HeaderName, HeaderValue)>;

/// `realm` of challenges (RFC 6750 section 3).
pub(super) const REALM: &str = "gatewright";

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
    pub(crate) fn no_impersonation() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "impersonation",
            "Not while acting as another.",
        )
    }

    /// The session is good for setting up a second factor alone.
    pub(crate) fn enrolment_required() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "mfa_enrolment_required",
            "Set up a second factor first.",
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
        let message =
            format!("There are more than {MAX_HEADERS} headers, or {MAX_HEAD} bytes of them.");
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

    /// The body is compressed. The answer says what is taken (RFC 9110 section 15.5.16).
    pub(crate) fn unsupported_encoding() -> Self {
        let error = Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "The body must not be compressed or encoded otherwise.",
        );
        error.with_header(ACCEPT_ENCODING, "identity")
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

    pub(super) fn invalid_credentials(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", message)
            .with_header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{REALM}\""))
    }

    pub(super) fn invalid_token(cause: AccessTokenError) -> Self {
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

    pub(super) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.header = HeaderValue::from_str(value)
            .ok()
            .map(|value| Box::new((name, value)));
        self
    }

    /// The cause, for the log.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}
