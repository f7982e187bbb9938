//! From a client's request to one that the service takes.

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

/// Most bytes that are read of what is refused, and how long that may take.
const LINGER: usize = (1 << 20) + (64 << 10);
const LINGER_FOR: Duration = Duration::from_secs(2);

/// A body as far as it has come, and the memory that it and its head take.
pub(crate) struct Reading {
    whole: Buffer,
}

impl Reading {
    /// Begins with the head.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn new(budget: &Budget, parts: &Parts) -> Result<Self, ApiError> {
        let mut held = budget.begin();
        held.grow(head_size(parts))?;
        Ok(Self {
            whole: Buffer::new(held, 0),
        })
    }

    /// Reads on, to the end or to where it is longer than the limit. Says whether that was the end.
    ///
    /// # Errors
    /// It comes too slowly, is broken off, or there is no memory for it.
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

    /// The body. Its memory is given back with it.
    pub(crate) fn finish(self) -> Bytes {
        let (whole, held) = self.whole.finish();
        Bytes::from_owner(Owned(whole, held))
    }
}

/// Reads on a little and keeps nothing: a client that is still sending when it is refused would see a broken connection
/// and not the refusal.
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
    // In time or not, the answer is what counts.
    let _ = tokio::time::timeout(LINGER_FOR, reading).await;
}

/// A request without the body that it announces, for what does not read it.
pub(crate) fn without_body(
    peer: SocketAddr,
    mut parts: Parts,
) -> Result<Request<WasiBody>, ApiError> {
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT] {
        parts.headers.remove(name);
    }
    prepare(peer, parts, Bytes::new())
}

/// The head alone of a request, by which the service says whether it would read the body.
pub(crate) fn head_only(peer: SocketAddr, parts: &Parts) -> Result<Request<WasiBody>, ApiError> {
    let mut request = without_body(peer, parts.clone())?;
    let asked = HeaderValue::from_static("1");
    request.headers_mut().insert(HEAD_ONLY, asked);
    Ok(request)
}

/// Gives a request the form that `wasi:http` wants: scheme and authority in its URI.
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
    // What a client says of its own address is worth nothing, and what a host asks is not for clients to ask.
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
