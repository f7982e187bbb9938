//! Names of the cookies that carry a session.

use auth_core::Config;

/// Names of cookies. Their prefixes make browsers refuse them from anyone who may not set them (RFC 6265bis section 4.1.3).
pub(crate) struct Names {
    /// Holds an opaque token.
    pub(crate) session: String,
    /// Holds an access token.
    pub(crate) access: String,
    /// Holds a refresh token.
    pub(crate) refresh: String,
    /// Names the session that the refresh token has to belong to. Any subdomain of a parent domain can set a refresh cookie,
    /// as `__Host-` is for the whole host and so not for that cookie's path; no other host can set this one. None: the
    /// configuration gives up `__Host-`.
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

/// Prefix of cookies of this host alone, for all its paths.
pub(crate) const HOST: &str = "__Host-";
/// Prefix of cookies that come over HTTPS alone.
pub(crate) const SECURE: &str = "__Secure-";

/// Name of the cookie by which a device is known. It is never for subdomains: no other host needs to see it.
pub(crate) fn device(config: &Config) -> &'static str {
    match (config.cookie_secure, path(config)) {
        (false, _) => "device",
        (true, "/") => "__Host-device",
        (true, _) => "__Secure-device",
    }
}

/// Path of the cookies: that of the service, so that others on its host don't get to see them. With one there is no
/// `__Host-`, which is for all paths.
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

    /// What browsers keep of a cookie: its name and its value (RFC 6265bis section 5.7).
    #[test]
    fn an_access_token_fits_into_its_cookie() {
        for prefix in ["", HOST, SECURE] {
            assert!(format!("{prefix}access").len() + MAX_ACCESS_TOKEN <= 4096);
        }
    }
}
