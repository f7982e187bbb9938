//! Responses and what all of them carry.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// A JSON body, never cached: what this service says of a person must not stay in a proxy.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    match serde_json::to_vec(body) {
        Ok(body) => with_type(status, "application/json", body.into()),
        // Bodies are made of strings, numbers and lists alone.
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// A body of a content type.
pub(crate) fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// No body.
pub(crate) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Nothing may be loaded, run, framed or sent from a page but what the service itself serves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A file for browsers, with headers that keep pages from being framed and addresses from being leaked.
pub(crate) fn page(content_type: &'static str, body: &'static [u8]) -> Response<Bytes> {
    let mut response = with_type(StatusCode::OK, content_type, Bytes::from_static(body));
    let headers = response.headers_mut();
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// Adds what every response has: its length, and that browsers must not guess its type.
pub(crate) fn seal(mut response: Response<Bytes>) -> Response<Bytes> {
    let length = response.body().len();
    let no_content = response.status() == StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if !no_content {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
