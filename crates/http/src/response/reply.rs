//! Responses and what all of them carry.

use std::marker::PhantomData;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

/// The answer of a handler, whose body is a `T` in JSON.
pub(crate) struct Reply<T> {
    response: Response<Bytes>,
    body: PhantomData<fn() -> T>,
}

/// The body of an answer that has none.
pub(crate) struct NoContent;

/// The body of an answer that is not JSON.
pub(crate) struct File;

impl<T> Reply<T> {
    /// An answer whose body is a `T`, or that is another than the usual one.
    pub(crate) fn of(response: Response<Bytes>) -> Self {
        let body = PhantomData;
        Self { response, body }
    }

    /// The headers of the answer.
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        self.response.headers_mut()
    }

    /// Lets caches keep the answer.
    pub(crate) fn cached(mut self, policy: &'static str) -> Self {
        let policy = HeaderValue::from_static(policy);
        self.headers_mut().insert(CACHE_CONTROL, policy);
        self
    }

    /// The answer as it is sent.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        self.response
    }
}

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
