//! The addresses that a flow can return to. Any other would make the service an open redirector, and hand codes to others.

use form_urlencoded::Serializer;

use crate::config::Config;
use crate::config::parse::{MAX_RETURN_URL, is_url_character};

/// An address that a flow can return to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReturnAddress {
    /// The address.
    pub(super) url: String,
    /// Whether it is a native app's. Another app can have the same address, so a code alone must be worth nothing there.
    pub(super) is_app: bool,
}

/// Returns the address that is given. Without one, it is that of the service's sign-in page, which presents the code, or
/// of its page for the account if the session begins `at_once`. Returns `None` if it is not allowed.
pub(super) fn return_address(
    config: &Config,
    given: Option<&str>,
    at_once: bool,
) -> Option<ReturnAddress> {
    let page = |url| ReturnAddress { url, is_app: false };
    let Some(given) = given else {
        return Some(page(if at_once {
            account_page(config)
        } else {
            own_page(config)
        }));
    };
    if config
        .federation
        .values
        .redirect_uris
        .iter()
        .any(|uri| uri == given)
    {
        let url = given.to_owned();
        return Some(ReturnAddress { url, is_app: true });
    }
    // Browsers read a backslash as a slash, and drop control characters.
    if given.len() > MAX_RETURN_URL || !given.chars().all(is_url_character) {
        return None;
    }
    let web = &config.web;
    if given.starts_with('/') {
        let url = format!("{}{given}", web.frontend());
        return (!given.starts_with("//")).then(|| page(url));
    }
    let mut origins = web.page_origins().chain([web.own_origin()]);
    let is_below = |origin: &str| {
        let rest = given.strip_prefix(origin);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    origins.any(is_below).then(|| page(given.to_owned()))
}

/// Returns the service's page for the account of those who are signed in.
fn account_page(config: &Config) -> String {
    format!("{}/account/settings", config.web.public_base_url)
}

/// Returns the address to which a session that should have begun at once returns if it has not: the page for the account
/// would only lead to the sign-in page, without the error.
pub(super) fn address_without_session(config: &Config, address: &str) -> String {
    if address == account_page(config) {
        own_page(config)
    } else {
        address.to_owned()
    }
}

/// Returns the address of the service's sign-in page.
pub(super) fn own_page(config: &Config) -> String {
    format!("{}/login", config.web.public_base_url)
}

/// Returns an address with another parameter in its query.
pub(super) fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair(name, value);
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{}", query.finish())
}
