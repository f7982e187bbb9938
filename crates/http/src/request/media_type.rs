//! The content type of a request's body.

use http::header::CONTENT_TYPE;
use http::request::Parts;

use crate::error::api_error::ApiError;

/// The form of OAuth 2.0, and of pages.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// The form of pages with files, which some clients send without files.
pub(crate) const MULTIPART: &str = "multipart/form-data";

/// The content type as it came.
pub(crate) fn given(parts: &Parts) -> &str {
    let value = parts.headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// Whether the body has this media type.
pub(crate) fn is(parts: &Parts, expected: &str) -> bool {
    let given = given(parts).split(';').next().unwrap_or_default();
    given.trim().eq_ignore_ascii_case(expected)
}

/// Fails unless the body has this media type.
pub(crate) fn require(parts: &Parts, expected: &str) -> Result<(), ApiError> {
    if is(parts, expected) {
        Ok(())
    } else {
        Err(ApiError::unsupported_media_type(expected))
    }
}
