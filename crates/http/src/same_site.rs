//! Protection against cross-site requests.

use auth_core::Platform;
use http::header::ORIGIN;
use http::{HeaderName, HeaderValue, Method};

use crate::call::Call;
use crate::error::api_error::ApiError;

/// Header in which browsers report the site that a request originates from (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Header in which browsers report the mode of a request (Fetch Metadata).
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

impl<P: Platform> Call<'_, P> {
    /// Fails unless the request has a safe method, or was sent by a page of this service or of a configured origin.
    pub(crate) fn require_own_page(&self) -> Result<(), ApiError> {
        let safe = matches!(
            self.parts.method,
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        if safe || self.sent_by_own_page() == Some(true) {
            Ok(())
        } else {
            Err(ApiError::cross_site())
        }
    }

    /// Fails if a page of another site sent the request. Such a page could sign a user in to another user's account.
    pub(crate) fn refuse_other_sites(&self) -> Result<(), ApiError> {
        match self.sent_by_own_page() {
            Some(false) => Err(ApiError::cross_site()),
            _ => Ok(()),
        }
    }

    /// Whether a page of another site sent the browser here. A navigation names no page: only a request for data has an
    /// origin.
    pub(crate) fn comes_from_another_site(&self) -> bool {
        let headers = &self.parts.headers;
        let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
        let has_origin = headers.contains_key(ORIGIN);
        site == Some(b"cross-site") || has_origin && self.sent_by_own_page() == Some(false)
    }

    /// Whether a browser wants the answer for a page, and doesn't come here itself: for an image, a script or `fetch`.
    pub(crate) fn is_for_a_page(&self) -> bool {
        self.fetch_mode().is_some_and(|mode| mode != "navigate")
    }

    /// Fails if a page of another site sent the request, or an element of any page, such as an image.
    pub(crate) fn require_own_script(&self) -> Result<(), ApiError> {
        match self.fetch_mode() {
            Some(mode) if mode == "no-cors" => Err(ApiError::cross_site()),
            _ => self.refuse_other_sites(),
        }
    }

    fn fetch_mode(&self) -> Option<&HeaderValue> {
        self.parts.headers.get(FETCH_MODE)
    }

    /// Returns whether a page of this service or of a configured origin sent the request. `None` if no browser sent it.
    fn sent_by_own_page(&self) -> Option<bool> {
        let headers = &self.parts.headers;
        let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
        if matches!(site, Some(b"same-origin" | b"none")) {
            return Some(true);
        }
        let Some(origin) = headers.get(ORIGIN) else {
            return site.map(|_| false);
        };
        let web = &self.config().web;
        let own = [web.own_origin()].into_iter();
        Some(
            own.chain(web.page_origins())
                .any(|known| known.as_bytes() == origin.as_bytes()),
        )
    }
}
