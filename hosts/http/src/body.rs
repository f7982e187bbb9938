//! Reading request bodies.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Buf, Bytes};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Most bytes of a request body, but where a route takes a list.
pub const MAX_BODY: usize = 64 * 1024;

/// Most parameters of a form; no route knows as many.
const MAX_PARAMETERS: usize = 32;

/// The whole body, read to its end or to this limit.
pub(crate) async fn read<B>(parts: &Parts, body: B, limit: usize) -> Result<Bytes, ApiError>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let announced = parts
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::payload_too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::payload_too_large(limit)),
        Err(_) => Err(ApiError::bad_request("The body ended too early.")),
    }
}

/// Most bytes that are read of a body to be thrown away.
const MAX_UNREAD: u64 = 1 << 20;

/// Reads what nobody has read of a body, and keeps none of it: a client that is still sending when it is answered would
/// see a broken connection, and not the answer. One that sends very much, or waits to be asked for it, need not.
pub(crate) async fn discard<B: Body>(parts: &Parts, mut body: Pin<&mut B>) {
    let announced = parts.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_UNREAD) || parts.headers.contains_key(EXPECT) {
        return;
    }
    let mut left = MAX_UNREAD;
    while let Some(Ok(frame)) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
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
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
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
        let mut discarding = pin!(discard(&parts, body));
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
