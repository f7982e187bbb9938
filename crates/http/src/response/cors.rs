//! Lets pages of configured origins use the API (Fetch standard, CORS protocol).

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
    VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::response::reply;
use crate::route::Route;

/// Headers that pages may read besides those that they always may: when to try again, what kind of token is asked for, and
/// what to quote to whoever runs the service.
const EXPOSED: &str = "retry-after, www-authenticate, x-request-id";

/// Lets pages of these origins read the answer, also to what is sent with cookies.
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

/// The answer to OPTIONS on a path that has these routes.
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

/// The methods of these routes, as the header `Allow` lists them.
pub(crate) fn allow(routes: &[&Route]) -> String {
    let mut methods: Vec<_> = routes.iter().map(|route| route.method).collect();
    if routes.iter().any(|route| route.answers("HEAD")) {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}
