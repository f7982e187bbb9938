//! Conversions between `wasi:http` and the `http` crate, with as few calls across the boundary as possible.

use std::future::poll_fn;
use std::task::{Context, Poll};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{Either, Empty};
use wasip3::http::types::{self, ErrorCode, Fields};
use wasip3::http_compat::IncomingRequestBody;
use wasip3::wit_bindgen;
use wasip3::{wit_future, wit_stream};

/// A request's body. If a request has none, the body is not read from the host.
pub(crate) type Body = Either<Empty<bytes::Bytes>, IncomingRequestBody>;

/// Converts the parts that the routes need: method, path, headers and, when it is read, the body.
pub(crate) fn request(request: types::Request) -> Result<Request<Body>, ErrorCode> {
    let method =
        Method::try_from(request.get_method()).map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    let path = request
        .get_path_with_query()
        .unwrap_or_else(|| "/".to_owned());
    let mut headers = HeaderMap::new();
    for (name, value) in request.get_headers().copy_all() {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_maybe_shared(bytes::Bytes::from(value)),
        ) {
            headers.append(name, value);
        }
    }
    let has_none = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
    let announced = [CONTENT_LENGTH, TRANSFER_ENCODING];
    let announced = announced.iter().any(|name| headers.contains_key(name));
    let body = if has_none && !announced {
        Either::Left(Empty::new())
    } else {
        Either::Right(IncomingRequestBody::new(request)?)
    };
    let mut converted = Request::new(body);
    *converted.method_mut() = method;
    *converted.uri_mut() = path.parse().map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    *converted.headers_mut() = headers;
    Ok(converted)
}

/// Converts a response and starts to write its body, so that the host can send head and body in one piece. In two
/// pieces a response can take 40 ms longer: without `TCP_NODELAY`, the second piece waits for a delayed
/// acknowledgement.
pub(crate) async fn response(
    response: Response<bytes::Bytes>,
) -> Result<types::Response, ErrorCode> {
    let (parts, body) = response.into_parts();
    let headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    let headers = Fields::from_list(&headers)
        .map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;
    // No trailers: the writer is dropped, and the default applies.
    let (_, trailers) = wit_future::new(|| Ok(None));
    let contents = if body.is_empty() {
        None
    } else {
        let (mut writer, reader) = wit_stream::new();
        let mut writing = Box::pin(async move {
            // If the client disconnects, the rest of the body is dropped.
            let _: Vec<u8> = writer.write_all(body.into()).await;
        });
        // Writing ends when the host has read the body, after the handler has returned.
        let begun = |context: &mut Context<'_>| Poll::Ready(writing.as_mut().poll(context));
        if poll_fn(begun).await.is_pending() {
            wit_bindgen::spawn(writing);
        }
        Some(reader)
    };
    let (response, _sent) = types::Response::new(headers, contents, trailers);
    response
        .set_status_code(parts.status.as_u16())
        .map_err(|()| ErrorCode::InternalError(None))?;
    Ok(response)
}
