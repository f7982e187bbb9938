//! Reader of request bodies.

use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use auth_core::Platform;
use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http_body::{Body, Frame};

use crate::error::api_error::ApiError;
use crate::request::body_budget::{Held, body_patience};

/// Reads the whole body. Fails if it exceeds the limit, arrives too slowly, or there is no room for it. The budget in
/// `held` grows with the body; `None` means that the body is already in memory.
pub(crate) async fn read<B: Body, P: Platform>(
    platform: &P,
    parts: &Parts,
    body: B,
    limit: usize,
    held: Option<&Held<'_>>,
) -> Result<Bytes, ApiError> {
    if is_encoded(parts) {
        return Err(ApiError::unsupported_encoding());
    }
    let announced = parts
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::payload_too_large(limit));
    }
    let mut body = pin!(body);
    let begun = platform.now();
    let mut whole = BytesMut::new();
    loop {
        let left = body_patience(whole.len()).saturating_sub(platform.now().since(begun));
        let Some(frame) = next_frame(platform, body.as_mut(), left).await? else {
            return Ok(whole.freeze());
        };
        let frame = frame.map_err(|_| ApiError::bad_request("The body ended too early."))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        let length = whole.len() + data.remaining();
        if length > limit {
            return Err(ApiError::payload_too_large(limit));
        }
        if let Some(held) = held {
            held.grow(length, platform.now())?;
        }
        bytes::BufMut::put(&mut whole, &mut data);
    }
}

/// Whether a body is compressed or otherwise encoded (RFC 9110 section 8.4).
fn is_encoded(parts: &Parts) -> bool {
    let mut codings = parts.headers.get_all(CONTENT_ENCODING).iter();
    codings.any(|value| {
        let value = value.to_str().unwrap_or("not text");
        let mut codings = value.split(',').map(str::trim);
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
    })
}

/// Returns the next frame of a body, or an error if it does not arrive in time.
async fn next_frame<B: Body, P: Platform>(
    platform: &P,
    mut body: Pin<&mut B>,
    left: Duration,
) -> Result<Option<Result<Frame<B::Data>, B::Error>>, ApiError> {
    let mut late = pin!(platform.pause(left));
    std::future::poll_fn(|context| {
        // A frame that is ready is accepted even after the deadline.
        if let Poll::Ready(frame) = body.as_mut().poll_frame(context) {
            return Poll::Ready(Ok(frame));
        }
        late.as_mut()
            .poll(context)
            .map(|()| Err(ApiError::too_slow()))
    })
    .await
}

/// Returns the approximate size of a request head in bytes.
pub fn head_size(parts: &Parts) -> usize {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + 4
    };
    let address = parts
        .uri
        .path_and_query()
        .map_or(0, |path| path.as_str().len());
    address + parts.headers.iter().map(line).sum::<usize>()
}

/// Maximum number of bytes of a discarded body that are read.
const MAX_UNREAD: u64 = 1 << 20;

/// Maximum time for which a discarded body is read.
pub(crate) const UNREAD_PATIENCE: Duration = Duration::from_secs(2);

/// Reads and discards the unread rest of a body: a client that is still sending when it is answered would see a broken
/// connection instead of the answer. Stops for bodies that are very long, that wait for `100 Continue`, or that are
/// still arriving when `late` completes.
pub(crate) async fn discard<B: Body>(
    parts: &Parts,
    mut body: Pin<&mut B>,
    late: impl Future<Output = ()>,
) {
    let announced = parts.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_UNREAD) || parts.headers.contains_key(EXPECT) {
        return;
    }
    let mut late = pin!(late);
    let mut left = MAX_UNREAD;
    loop {
        let next = std::future::poll_fn(|context| match body.as_mut().poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame),
            Poll::Pending => late.as_mut().poll(context).map(|()| None),
        });
        let Some(Ok(frame)) = next.await else { return };
        let length = frame.data_ref().map_or(0, Buf::remaining) as u64;
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use http::Request;
    use http_body::Frame;

    use super::*;

    /// A body of 64 KiB pieces that counts the pieces read.
    struct Pieces<'a> {
        left: usize,
        read: &'a Cell<usize>,
    }

    impl Body for Pieces<'_> {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            self.left -= 1;
            self.read.set(self.read.get() + 1);
            Poll::Ready(Some(Ok(Frame::data(vec![0; 1 << 16].into()))))
        }
    }

    /// Returns how many of the pieces are read.
    fn read(pieces: usize, headers: &[(&str, &str)]) -> usize {
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let read = Cell::new(0);
        let body = pin!(Pieces {
            left: pieces,
            read: &read,
        });
        let mut discarding = pin!(discard(&parts, body, std::future::pending()));
        let done = discarding
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(done.is_ready());
        read.get()
    }

    #[test]
    fn what_nobody_reads_is_thrown_away_up_to_a_bound() {
        assert_eq!(read(0, &[]), 0);
        assert_eq!(read(3, &[]), 3);
        assert_eq!(read(3, &[("content-length", "196608")]), 3);
        assert_eq!(read(1000, &[]), 17);
        assert_eq!(read(1000, &[("content-length", "65536000")]), 0);
        assert_eq!(read(3, &[("expect", "100-continue")]), 0);
    }
}
