//! Settings of addresses: of the service, and of the pages that use it.

use super::parse;
use crate::settings;

settings! {
    /// Where the service is reached, and from which pages.
    pub struct WebConfig on Native Spin Worker;

    /// Public URL of the service, without a trailing slash. A path, as in `https://example.com/auth`, precedes that of every route, and proxies pass it on. Links in mails and the default issuer are derived from it, never from a request's Host header.
    PUBLIC_BASE_URL public_base_url: String = "http://localhost:8080", parse::base_url_with_path, "an http or https URL of at most 255 bytes, without query and fragment, the host in ASCII (xn--… if it is internationalized)", Addresses, "https://auth.example.com";
    /// Base URL of the links in mails, if you have your own pages at their paths (`/verify`, `/reset-password`, …). Pages of its origin can call the API, as those of `CORS_ORIGINS` can. `PUBLIC_BASE_URL` when not set.
    FRONTEND_URL frontend_url: Option<String> = "", |text| if text.is_empty() { Some(None) } else { parse::base_url_with_path(text).map(Some) }, "an http or https URL of at most 255 bytes, without query and fragment, the host in ASCII (xn--… if it is internationalized)", Addresses, "https://app.example.com";
    /// Origins of pages that are allowed to call the API from a browser (CORS).
    CORS_ORIGINS cors_origins: Vec<String> = "", parse::origins, "origins separated by commas, such as https://app.example.com", Addresses, "https://app.example.com,https://admin.example.com";
}

impl WebConfig {
    /// Where links in mail lead.
    pub fn frontend(&self) -> &str {
        self.frontend_url
            .as_deref()
            .unwrap_or(&self.public_base_url)
    }

    /// The path before that of every route, such as `/auth`; empty: none.
    pub fn base_path(&self) -> &str {
        parse::split_url(&self.public_base_url).1
    }

    /// The origin of the service's own pages.
    pub fn own_origin(&self) -> &str {
        parse::split_url(&self.public_base_url).0
    }

    /// The origins of pages that are not the service's own and may use it.
    pub fn page_origins(&self) -> impl Iterator<Item = &str> {
        let frontend = self.frontend_url.iter();
        let frontend = frontend.map(|url| parse::split_url(url).0);
        let origins = self.cors_origins.iter().map(String::as_str);
        origins.chain(frontend)
    }

    /// Whether browsers take a cookie for that domain from this service (RFC 6265 section 5.3). A domain without a dot is
    /// none that others are in: nobody has `com`.
    pub(super) fn takes_cookies_of(&self, domain: &str) -> bool {
        let authority = self.public_base_url.split("://").nth(1);
        let host = authority.and_then(|authority| authority.split([':', '/']).next());
        let above = host.and_then(|host| host.strip_suffix(domain));
        above.is_some_and(|sub| sub.is_empty() || (sub.ends_with('.') && domain.contains('.')))
    }
}
