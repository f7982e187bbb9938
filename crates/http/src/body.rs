//! Reading request bodies.

use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use auth_core::Platform;
use auth_core::json::Objects;
use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http_body::{Body, Frame};
use serde::de::DeserializeOwned;

use crate::bodies::{Held, body_patience};
use crate::error::ApiError;

/// Most bytes of a request body, but where a route takes a list.
pub const MAX_BODY: usize = 64 * 1024;

/// Most bytes of a request's head.
pub const MAX_HEAD: usize = 32 * 1024;

/// Most parameters of a form; no route knows as many.
const MAX_PARAMETERS: usize = 32;

/// The whole body, read to its end or to this limit, if it comes fast enough and there is room for it. What is `held`
/// grows with it; none: the body is in memory already.
pub(crate) async fn read<B: Body, P: Platform>(
    platform: &P,
    parts: &Parts,
    body: B,
    limit: usize,
    held: Option<&Held<'_>>,
) -> Result<Bytes, ApiError> {
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

/// The next frame of a body, if it comes in time.
async fn next_frame<B: Body, P: Platform>(
    platform: &P,
    mut body: Pin<&mut B>,
    left: Duration,
) -> Result<Option<Result<Frame<B::Data>, B::Error>>, ApiError> {
    let mut late = pin!(platform.pause(left));
    std::future::poll_fn(|context| {
        // What is there is taken, however late it is.
        if let Poll::Ready(frame) = body.as_mut().poll_frame(context) {
            return Poll::Ready(Ok(frame));
        }
        late.as_mut()
            .poll(context)
            .map(|()| Err(ApiError::too_slow()))
    })
    .await
}

/// About as many bytes as the head of a request takes.
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

/// Most bytes that are read of a body to be thrown away.
const MAX_UNREAD: u64 = 1 << 20;

/// For how long such a body is read.
pub(crate) const UNREAD_PATIENCE: Duration = Duration::from_secs(2);

/// Reads what nobody has read of a body, and keeps none of it: a client that is still sending when it is answered would
/// see a broken connection, and not the answer. One that sends very much, waits to be asked for it, or is still sending when
/// it is `late`, need not.
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

/// A JSON body. Unknown members are ignored; a member given twice is refused, as two readers could see two values.
pub(crate) fn json<T: DeserializeOwned>(parts: &Parts, body: &[u8]) -> Result<T, ApiError> {
    if media_type(parts).is_none_or(|given| !given.eq_ignore_ascii_case("application/json")) {
        return Err(ApiError::unsupported_media_type("application/json"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Objects(&mut reader)).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        match error.classify() {
            serde_json::error::Category::Data if path == "." => {
                ApiError::invalid_field("", "invalid_type", "The body must be a JSON object.")
            }
            serde_json::error::Category::Data => ApiError::invalid_field(
                &path,
                "invalid_type",
                "The field has another type, or stands twice.",
            ),
            _ => ApiError::malformed_json(&format!(
                "line {}, column {}",
                error.line(),
                error.column()
            )),
        }
    })?;
    reader.end().map_err(|error| {
        ApiError::malformed_json(&format!("line {}, column {}", error.line(), error.column()))
    })?;
    Ok(value)
}

/// A JSON body, or nothing.
pub(crate) fn optional_json<T: DeserializeOwned + Default>(
    parts: &Parts,
    body: &[u8],
) -> Result<T, ApiError> {
    match body {
        [] => Ok(T::default()),
        body => json(parts, body),
    }
}

/// A field that has to be there.
pub(crate) fn required<'a>(field: &str, value: &'a str) -> Result<&'a str, ApiError> {
    if value.is_empty() {
        let message = "This is required.";
        return Err(ApiError::invalid_field(field, "required", message));
    }
    Ok(value)
}

/// A form body: names and values, each name once (RFC 6749 section 3.2).
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(parts: &Parts, body: &[u8]) -> Result<Self, ApiError> {
        const FORM: &str = "application/x-www-form-urlencoded";
        if media_type(parts).is_none_or(|given| !given.eq_ignore_ascii_case(FORM)) {
            return Err(ApiError::unsupported_media_type(FORM));
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body).into_owned() {
            if fields.len() >= MAX_PARAMETERS {
                return Err(ApiError::bad_request("There are too many parameters."));
            }
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(ApiError::bad_request(format!(
                    "The parameter {name:?} stands twice."
                )));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// A parameter's value; one without a value counts as left out (RFC 6749 section 3.2).
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that has to be there.
    pub(crate) fn get(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name)
            .ok_or_else(|| ApiError::bad_request(format!("The parameter {name:?} is missing.")))
    }
}

fn media_type(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
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

    /// A body of pieces of 64 KiB, which counts those that were read.
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

    /// How many of so many pieces are read.
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
