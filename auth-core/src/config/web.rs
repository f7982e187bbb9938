//! Settings of addresses: of the service, and of the pages that use it.

use super::parse;
use crate::settings;

settings! {
    /// Addresses of the service, and of the pages that use it.
    pub struct WebConfig;

    /// Public URL of the service, without a trailing slash. A path, as in `https://example.com/auth`, precedes that of every route, and proxies pass it on. Links in mails and the default issuer are derived from it, never from a request's Host header.
    PUBLIC_BASE_URL public_base_url: String = "http://localhost:8080", parse::base_url_with_path, "an http or https URL without query and fragment";
    /// Base URL of links in mails: your own pages at the same paths (`/verify`, `/reset-password`, …). `PUBLIC_BASE_URL` when not set.
    FRONTEND_URL frontend_url: Option<String> = "", |text| if text.is_empty() { Some(None) } else { parse::base_url_with_path(text).map(Some) }, "an http or https URL without query and fragment";
    /// Origins of pages that are allowed to call the API from a browser (CORS).
    CORS_ORIGINS cors_origins: Vec<String> = "", parse::origins, "origins separated by commas, such as https://app.example.com";
}

impl WebConfig {
    /// Returns the base URL of links in mails.
    pub fn frontend(&self) -> &str {
        self.frontend_url
            .as_deref()
            .unwrap_or(&self.public_base_url)
    }

    /// Returns the path that precedes that of every route, such as `/auth`, or an empty text if there is none.
    pub fn base_path(&self) -> &str {
        parse::split_url(&self.public_base_url).1
    }

    /// Returns the origin of the service's own pages.
    pub fn own_origin(&self) -> &str {
        parse::split_url(&self.public_base_url).0
    }

    /// Returns the origins of other pages that are allowed to use the service.
    pub fn page_origins(&self) -> impl Iterator<Item = &str> {
        let frontend = self.frontend_url.iter();
        let frontend = frontend.map(|url| parse::split_url(url).0);
        let origins = self.cors_origins.iter().map(String::as_str);
        origins.chain(frontend)
    }

    /// Whether browsers accept a cookie for that domain from this service (RFC 6265 section 5.3). A domain without a dot,
    /// such as `com`, is no parent domain: nobody owns it.
    pub(super) fn takes_cookies_of(&self, domain: &str) -> bool {
        let authority = self.public_base_url.split("://").nth(1);
        let host = authority.and_then(|authority| authority.split([':', '/']).next());
        let above = host.and_then(|host| host.strip_suffix(domain));
        above.is_some_and(|sub| sub.is_empty() || (sub.ends_with('.') && domain.contains('.')))
    }
}
