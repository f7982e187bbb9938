//! Media types of request bodies, and of the answers that clients accept.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;

use crate::error::api_error::ApiError;

/// Media type of forms of OAuth 2.0 and of web pages.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// Media type of forms with files. Some clients use it for forms without files.
pub(crate) const MULTIPART: &str = "multipart/form-data";

/// Returns the content type as received.
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

/// Whether the client is a browser that shows the answer as a page.
pub(crate) fn wants_a_page(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter();
    accepted.any(|value| value.to_str().is_ok_and(|text| text.contains("text/html")))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_browser_wants_a_page() {
        let wants = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(ACCEPT, HeaderValue::from_static(line));
            }
            wants_a_page(&headers)
        };
        assert!(wants(&["text/html,application/xhtml+xml,*/*;q=0.8"]));
        assert!(wants(&["application/json", "text/html"]));
        for lines in [&[][..], &["*/*"], &["application/json, text/plain, */*"]] {
            assert!(!wants(lines), "{lines:?}");
        }
    }
}
