//! The places that the service may send requests to.

use auth_core::Config;
use auth_core::config::parse;
use http::Uri;

/// The destinations that settings of the service name.
pub(crate) struct Destinations {
    breach_check: Option<String>,
    /// Those of sign-in providers.
    origins: Vec<String>,
}

impl Destinations {
    /// Returns the destinations of these settings.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            breach_check: config.breach_check_url.clone(),
            origins: config.outbound_origins(),
        }
    }

    /// Returns whether the service can send a request to this address.
    pub(crate) fn allow(&self, to: &Uri) -> bool {
        let url = to.to_string();
        let checks = |service: &String| url.starts_with(service);
        let (Some(scheme), Some(authority)) = (to.scheme_str(), to.authority()) else {
            return false;
        };
        let origin = parse::base_url(&format!("{scheme}://{authority}"));
        self.breach_check.as_ref().is_some_and(checks)
            || origin.is_some_and(|origin| self.origins.contains(&origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component that was taken over reaches no other host.
    #[test]
    fn requests_go_where_settings_allow() {
        let destinations = Destinations {
            breach_check: Some("https://api.example.com/range/".to_owned()),
            origins: vec![
                "https://login.example.com".to_owned(),
                "http://127.0.0.1:9000".to_owned(),
            ],
        };
        for (to, allowed) in [
            ("https://api.example.com/range/12345", true),
            ("https://api.example.com/", false),
            ("https://login.example.com/token?a=b", true),
            ("https://LOGIN.example.com:443/keys", true),
            ("http://127.0.0.1:9000/token", true),
            ("http://login.example.com/token", false),
            ("https://login.example.com:8443/token", false),
            ("https://login.example.com.example.org/", false),
            ("https://login.example.com@example.org/", false),
            ("https://ada@login.example.com/", false),
            ("http://127.0.0.1:9001/", false),
            ("http://127.0.0.1/", false),
            ("http://localhost:9000/", false),
            ("http://169.254.169.254/latest/meta-data", false),
            ("/token", false),
        ] {
            assert_eq!(destinations.allow(&to.parse().unwrap()), allowed, "{to}");
        }
    }
}
