//! The content type of a request's body.

use http::header::CONTENT_TYPE;
use http::request::Parts;

use crate::error::api_error::ApiError;

/// Fails unless the body has this media type.
pub(crate) fn require(parts: &Parts, expected: &str) -> Result<(), ApiError> {
    let value = parts.headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let given = value.map(|value| value.split(';').next().unwrap_or_default().trim());
    if given.is_some_and(|given| given.eq_ignore_ascii_case(expected)) {
        Ok(())
    } else {
        Err(ApiError::unsupported_media_type(expected))
    }
}
