//! Names of the cookies.

use auth_core::Config;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Names of the cookies. Browsers enforce the rules of their prefixes for setting them (RFC 6265bis section 4.1.3).
pub(crate) struct Names {
    /// Cookie with an opaque token.
    pub(crate) session: String,
    /// Cookie with an access token.
    pub(crate) access: String,
    /// Cookie with a refresh token.
    pub(crate) refresh: String,
    /// Cookie with the identifier of the session that the refresh token must belong to. Every subdomain of a parent
    /// domain can set a refresh cookie, because `__Host-` requires the path `/` and the refresh cookie has another
    /// path; no other host can set this cookie. `None` if the configuration rules out `__Host-`.
    pub(crate) refreshed: Option<String>,
}

impl Names {
    pub(crate) fn of(config: &Config) -> Self {
        let (prefix, scoped) = match (config.cookie_secure, &config.cookie_domain) {
            (false, _) => ("", ""),
            (true, None) if path(config) == "/" => (HOST, SECURE),
            (true, _) => (SECURE, SECURE),
        };
        Self {
            session: format!("{prefix}session"),
            access: format!("{prefix}access"),
            refresh: format!("{scoped}refresh"),
            refreshed: (prefix == HOST).then(|| format!("{HOST}sid")),
        }
    }
}

/// Prefix of cookies that only this host can set, for all its paths.
pub(crate) const HOST: &str = "__Host-";
/// Prefix of cookies that are set only over HTTPS.
pub(crate) const SECURE: &str = "__Secure-";

/// Returns the name of the cookie that identifies a device.
pub(crate) fn device(config: &Config) -> String {
    format!("{}device", host_prefix(config))
}

/// Returns the name of the cookie of a flow: a sign-in that is in progress at a provider. Each flow has its own, so that
/// two tabs don't disturb each other.
pub(crate) fn flow(config: &Config, id: &str) -> String {
    format!("{}{id}", flow_prefix(config))
}

/// Returns the beginning of the names of the cookies of flows. They are always the host's alone where cookies have
/// prefixes: otherwise, another host of the domain could set one and so sign a user in to an account of its own. So they
/// have the path `/`, and below another path their names tell the services of one host apart.
pub(crate) fn flow_prefix(config: &Config) -> String {
    match (config.cookie_secure, path(config)) {
        (false, _) => "oauth-".to_owned(),
        (true, "/") => format!("{HOST}oauth-"),
        (true, path) => {
            let path = utf8_percent_encode(path, NON_ALPHANUMERIC);
            format!("{HOST}oauth{path}-")
        }
    }
}

/// Returns the path of the cookies of flows.
pub(crate) fn flow_path(config: &Config) -> &str {
    if config.cookie_secure {
        "/"
    } else {
        path(config)
    }
}

/// Returns the prefix of cookies that are never set for subdomains, because no other host needs them.
fn host_prefix(config: &Config) -> &'static str {
    match (config.cookie_secure, path(config)) {
        (false, _) => "",
        (true, "/") => HOST,
        (true, _) => SECURE,
    }
}

/// Returns the path of the cookies: that of the service, so that other services on the host don't receive them. Another
/// path than `/` rules out `__Host-`.
pub(crate) fn path(config: &Config) -> &str {
    match config.web.base_path() {
        "" => "/",
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use auth_core::MAX_ACCESS_TOKEN;

    use super::*;

    /// Browsers limit the size of a cookie: its name and its value together (RFC 6265bis section 5.7).
    #[test]
    fn an_access_token_fits_into_its_cookie() {
        for prefix in ["", HOST, SECURE] {
            assert!(format!("{prefix}access").len() + MAX_ACCESS_TOKEN <= 4096);
        }
    }
}
