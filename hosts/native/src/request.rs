//! Converting a client's request to one for the service.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use gatewright_http::{ApiError, CLIENT_ADDRESS, HEAD_ONLY, body_patience, head_size};
use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::time::Instant;
use wasmtime_wasi_http::WasiBody;

use crate::budget::{Budget, Buffer, Owned};

/// Maximum number of bytes to read of a refused request, and the time limit.
const LINGER: usize = (1 << 20) + (64 << 10);
const LINGER_FOR: Duration = Duration::from_secs(2);

/// The received part of a body, and the memory of body and head.
pub(crate) struct Reading {
    whole: Buffer,
}

impl Reading {
    /// Starts with the head.
    ///
    /// # Errors
    /// There is not enough memory for it.
    pub(crate) fn new(budget: &Budget, parts: &Parts) -> Result<Self, ApiError> {
        let mut held = budget.begin();
        held.grow(head_size(parts))?;
        Ok(Self {
            whole: Buffer::new(held, 0),
        })
    }

    /// Continues reading, to the end or beyond the limit. Returns whether the end was reached.
    ///
    /// # Errors
    /// It arrives too slowly, ends early, or there is not enough memory for it.
    pub(crate) async fn read(
        &mut self,
        body: &mut Incoming,
        limit: usize,
        timeout: Duration,
    ) -> Result<bool, ApiError> {
        let (begun, before) = (Instant::now(), self.whole.len());
        loop {
            let patience = body_patience(self.whole.len() - before).min(timeout);
            let frame = tokio::time::timeout_at(begun + patience, body.frame()).await;
            let Some(frame) = frame.map_err(|_| ApiError::too_slow())? else {
                return Ok(true);
            };
            let frame = frame.map_err(|_| bad_request("The body ended too early."))?;
            if let Ok(data) = frame.into_data() {
                self.whole.add(&data)?;
            }
            if self.whole.len() > limit {
                return Ok(false);
            }
        }
    }

    /// Returns the body. Its memory is released with it.
    pub(crate) fn finish(self) -> Bytes {
        let (whole, held) = self.whole.finish();
        Bytes::from_owner(Owned(whole, held))
    }
}

/// Reads a little more and drops it, because a client that is still sending would see a broken connection instead of
/// the refusal.
pub(crate) async fn linger(mut body: Incoming) {
    let reading = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > LINGER {
                break;
            }
        }
    };
    // The response is sent whether or not this succeeds in time.
    let _ = tokio::time::timeout(LINGER_FOR, reading).await;
}

/// Returns a request without its announced body, for routes that don't read it.
pub(crate) fn without_body(
    peer: SocketAddr,
    mut parts: Parts,
) -> Result<Request<WasiBody>, ApiError> {
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT] {
        parts.headers.remove(name);
    }
    prepare(peer, parts, Bytes::new())
}

/// Returns only the head of a request, from which the service decides whether it would read the body.
pub(crate) fn head_only(peer: SocketAddr, parts: &Parts) -> Result<Request<WasiBody>, ApiError> {
    let mut request = without_body(peer, parts.clone())?;
    let asked = HeaderValue::from_static("1");
    request.headers_mut().insert(HEAD_ONLY, asked);
    Ok(request)
}

/// Gives a request the form of `wasi:http`: scheme and authority in its URI.
pub(crate) fn prepare(
    peer: SocketAddr,
    mut parts: Parts,
    body: Bytes,
) -> Result<Request<WasiBody>, ApiError> {
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
        .map_err(|_| bad_request("The address is malformed."))?;
    // Clients can't set their own address, or the header with which a host asks for the head only.
    parts.headers.remove(CLIENT_ADDRESS);
    parts.headers.remove(HEAD_ONLY);
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

fn bad_request(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
}
