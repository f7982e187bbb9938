//! Responses, and the headers common to all of them.

use std::marker::PhantomData;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

/// The answer of a handler, with a `T` in JSON as its body.
pub(crate) struct Reply<T> {
    response: Response<Bytes>,
    body: PhantomData<fn() -> T>,
}

/// The type of an answer without a body.
pub(crate) struct NoContent;

/// The type of a body that is not JSON.
pub(crate) struct File;

impl<T> Reply<T> {
    /// Creates an answer with a `T` as its body, or one that differs from the usual answer of the route.
    pub(crate) fn of(response: Response<Bytes>) -> Self {
        let body = PhantomData;
        Self { response, body }
    }

    /// Returns the headers of the answer.
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        self.response.headers_mut()
    }

    /// Allows caches to store the answer, by a `Cache-Control` policy.
    pub(crate) fn cached(mut self, policy: &'static str) -> Self {
        let policy = HeaderValue::from_static(policy);
        self.headers_mut().insert(CACHE_CONTROL, policy);
        self
    }

    /// Returns the response to send.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        self.response
    }
}

/// Returns a response with a JSON body. It is never cached, because personal data must not stay in a proxy.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    match serde_json::to_vec(body) {
        Ok(body) => with_type(status, "application/json", body.into()),
        // Unreachable: bodies consist only of strings, numbers and lists.
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Returns a response with a body of this content type.
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

/// Returns a response without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Returns a response that sends a browser to this address. Other sites don't learn the address of the request, which
/// can contain a secret.
pub(crate) fn see_other(address: HeaderValue) -> Response<Bytes> {
    let mut response = empty(StatusCode::SEE_OTHER);
    let headers = response.headers_mut();
    headers.insert(LOCATION, address);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Adds the headers of every response: its length, and `nosniff` so that browsers do not guess its type.
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
