//! Between `wasi:http` and the `http` crate, with as few calls across the boundary as it takes.

use std::future::poll_fn;
use std::task::{Context, Poll};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{Either, Empty};
use wasip3::http::types::{self, ErrorCode, Fields};
use wasip3::http_compat::IncomingRequestBody;
use wasip3::wit_bindgen;
use wasip3::{wit_future, wit_stream};

/// A request's body; where there is none it is not asked for.
pub(crate) type Body = Either<Empty<bytes::Bytes>, IncomingRequestBody>;

/// Reads what the routes look at: method, path, headers and, once it is asked for, the body.
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

/// Hands a response over and has begun to write its body, so that the host can send head and body in one piece. In two
/// pieces an answer can take 40 ms more: where `TCP_NODELAY` is not set, the second waits for a late confirmation.
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
    // No trailers: the writer is dropped, and what it would have said is the default.
    let (_, trailers) = wit_future::new(|| Ok(None));
    let contents = if body.is_empty() {
        None
    } else {
        let (mut writer, reader) = wit_stream::new();
        let mut writing = Box::pin(async move {
            // What is left when the client has gone away has nowhere to go.
            let _: Vec<u8> = writer.write_all(body.into()).await;
        });
        // It ends when the body is read, which happens after the handler has returned.
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
