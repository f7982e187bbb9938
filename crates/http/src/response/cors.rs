//! CORS: access for pages of configured origins (Fetch standard, CORS protocol).

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
    VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::response::reply;
use crate::route::Route;

/// Headers that pages can read in addition to the safelisted ones: when to try again, which kind of token is required,
/// and the request ID to quote to the operator.
const EXPOSED: &str = "retry-after, www-authenticate, x-request-id";

/// Allows pages of these origins to read the answer, including answers to requests with cookies.
pub(crate) fn allow_origin(
    origins: &[String],
    origin: Option<&HeaderValue>,
    headers: &mut HeaderMap,
) {
    if origins.is_empty() {
        return;
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else {
        return;
    };
    if origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes())
    {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
}

/// Returns the answer to an OPTIONS request for a path with these routes.
pub(crate) fn preflight(routes: &[&Route]) -> Response<Bytes> {
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

/// Returns the methods of these routes in the format of the `Allow` header.
pub(crate) fn allow(routes: &[&Route]) -> String {
    let mut methods: Vec<_> = routes.iter().map(|route| route.method).collect();
    if routes.iter().any(|route| route.answers("HEAD")) {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}
