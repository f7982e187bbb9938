//! The errors of the API.

use auth_core::{AccessTokenError, Error, Level, MissingFactor, Platform};
use http::header::{ACCEPT_ENCODING, ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::limits::{MAX_HEAD, MAX_HEADERS};

/// An error of the API: a status, a code and a message for the client, and a cause for the log.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) details: Vec<Value>,
    pub(super) header: Option<Header>,
    pub(super) cause: Option<String>,
    /// Token that continues the login, for OAuth 2.0 answers.
    pub(super) mfa_token: Option<Box<str>>,
    /// Whether the session in the cookies has ended, so that the answer clears them.
    pub(super) clears_cookies: bool,
}

/// A header, boxed to keep results small.
pub(super) type Header = Box<(HeaderName, HeaderValue)>;

/// The `realm` of challenges (RFC 6750 section 3).
pub(super) const REALM: &str = "gatewright";

impl ApiError {
    /// Creates an error with a stable code and a message for people.
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

    /// A login by form requires a second factor. The form of OAuth 2.0 has no other place to report it.
    pub(crate) fn mfa_required(mfa_token: &str) -> Self {
        let message = "A code of the second factor is required: send it as totp_code.";
        let mut error = Self::new(StatusCode::FORBIDDEN, "mfa_required", message);
        error.mfa_token = Some(mfa_token.into());
        error
    }

    /// The pending login can't be continued.
    pub(crate) fn mfa_token_invalid() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "mfa_token_invalid",
            "This login was completed already or has expired; sign in again.",
        )
        .with_header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{REALM}\""))
    }

    /// Makes the answer clear the request's cookies, because their session has ended.
    pub(crate) fn clearing_cookies(mut self) -> Self {
        self.clears_cookies = true;
        self
    }

    /// Whether the answer clears the request's cookies.
    pub(crate) fn clears_cookies(&self) -> bool {
        self.clears_cookies
    }

    /// Whether the request is unauthenticated.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// The session lacks a permission.
    pub(crate) fn forbidden(needed: &str) -> Self {
        let message = format!("This needs the permission {needed}.");
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// An administrator who impersonates a user tried to change something, or asked about a third user.
    pub(crate) fn no_impersonation() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "impersonation",
            "This is not allowed while impersonating a user.",
        )
    }

    /// Returns the code for programs.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// The session can only be used to set up or prove a required second factor.
    pub(crate) fn missing_factor(missing: MissingFactor) -> Self {
        match missing {
            MissingFactor::Enrolment => Self::new(
                StatusCode::FORBIDDEN,
                "mfa_enrolment_required",
                "Set up a second factor first (`POST /auth/2fa/enable`).",
            ),
            MissingFactor::Proof => Error::ReauthenticationRequired.into(),
        }
    }

    /// A page of another site sent the request.
    pub(crate) fn cross_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "cross_site_request",
            "With cookies, only pages of this service and of CORS_ORIGINS can send this request; other clients send the token in the Authorization header.",
        )
    }

    /// The service is temporarily unavailable. The client should try again after `retry_after` seconds.
    pub fn unavailable(retry_after: u64) -> Self {
        let error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The service is temporarily unavailable; try again later.",
        );
        error.with_header(RETRY_AFTER, &retry_after.to_string())
    }

    /// An unexpected failure. The cause is only written to the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "The service failed unexpectedly; report the request ID to the operator.",
        );
        error.cause = Some(cause.into());
        error
    }

    /// The body is larger than the route accepts.
    pub fn payload_too_large(limit: usize) -> Self {
        let message = format!("The body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    }

    /// The body arrives too slowly.
    pub fn too_slow() -> Self {
        let message = "The body arrived too slowly.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
    }

    /// The head is larger than the service accepts.
    pub(crate) fn head_too_large() -> Self {
        let message = format!(
            "The request has more than {MAX_HEADERS} headers, or its head is larger than {MAX_HEAD} bytes."
        );
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, "headers_too_large", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is no such route; check the path.",
        )
    }

    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("The method is not allowed here; use one of {allow}."),
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

    /// The body is compressed. The answer lists the accepted encodings (RFC 9110 section 15.5.16).
    pub(crate) fn unsupported_encoding() -> Self {
        let error = Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "The body must not be compressed or otherwise encoded; omit Content-Encoding.",
        );
        error.with_header(ACCEPT_ENCODING, "identity")
    }

    pub(crate) fn malformed_json(problem: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            format!("The body is not valid JSON ({problem})."),
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
            "An access token is required: `Authorization: Bearer …`, or the cookies of a session.",
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

    /// Writes the cause to the log, if there is one.
    pub(crate) fn log<P: Platform>(&self, platform: &P, request_id: &str) {
        if let Some(cause) = &self.cause {
            let fields = [("cause", cause.as_str()), ("request_id", request_id)];
            platform.log(Level::Error, "request failed", &fields);
        }
    }
}
