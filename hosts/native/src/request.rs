//! From a client's request to one that the service takes.

use std::net::SocketAddr;

use gatewright_http::{ApiError, CLIENT_ADDRESS};
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use wasmtime_wasi_http::WasiBody;

/// Reads the body, and gives the request the form that `wasi:http` wants: scheme and authority in its URI.
pub(crate) async fn prepare(
    peer: SocketAddr,
    request: Request<Incoming>,
    limit: usize,
) -> Result<Request<WasiBody>, ApiError> {
    let (mut parts, body) = request.into_parts();
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(ApiError::payload_too_large(limit));
        }
        Err(_) => {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "The body ended too early.",
            ));
        }
    };
    let authority = match (parts.uri.authority(), parts.headers.remove(HOST)) {
        (Some(authority), _) => Some(authority.clone()),
        (None, host) => host.and_then(|host| Authority::try_from(host.as_bytes()).ok()),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(authority.unwrap_or_else(|| Authority::from_static("localhost")))
        .path_and_query(path)
        .build()
        .map_err(|_| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "The address is malformed.",
            )
        })?;
    // What a client says of its own address is worth nothing.
    parts.headers.remove(CLIENT_ADDRESS);
    if let Ok(address) = HeaderValue::from_str(&peer.to_string()) {
        parts.headers.insert(CLIENT_ADDRESS, address);
    }
    Ok(Request::from_parts(
        parts,
        Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync(),
    ))
}
