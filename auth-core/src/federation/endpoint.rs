//! The addresses that a provider names for its endpoints.

use crate::config::parse::{self, base_url, is_loopback};

/// Whether requests may go to this address, which a provider with the address `provider` names.
///
/// It is an https URL without user name and fragment (RFC 6749 sections 3.1 and 3.2). Only a provider on this machine
/// may name addresses on this machine, and then http is enough: no other provider makes the service call its
/// neighbours.
pub(super) fn is_endpoint(url: &str, provider: &str) -> bool {
    let is_local = |url| {
        let parts = scheme_and_authority(url);
        parts.is_some_and(|(_, authority)| is_loopback(authority))
    };
    parse::endpoint(url).is_some() && (!is_local(url) || is_local(provider))
}

/// Returns the origin of an address: scheme, host and port.
pub(crate) fn origin(url: &str) -> Option<String> {
    let (scheme, authority) = scheme_and_authority(url)?;
    base_url(&format!("{scheme}://{authority}"))
}

fn scheme_and_authority(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    Some((scheme, &rest[..end]))
}

#[cfg(test)]
mod tests {
    use super::is_endpoint;

    #[test]
    fn endpoints_are_https() {
        let provider = "https://op.example/tenant";
        for (url, allowed) in [
            ("https://op.example/token", true),
            ("https://other.example:8443/token?tenant=1", true),
            ("https://op.example", true),
            ("http://op.example/token", false),
            ("ftp://op.example/token", false),
            ("HTTPS://op.example/token", false),
            ("//op.example/token", false),
            ("/token", false),
            ("", false),
            ("https://ada@op.example/token", false),
            ("https://ada:pass@op.example/token", false),
            ("https://op.example/token#fragment", false),
            ("https://op.example/to ken", false),
            ("https://op.example\\@evil.example/", false),
            ("https:///token", false),
            ("https://op.example:0/token", false),
            ("https://op.example/t\u{f6}ken", false),
            ("https://op.example/a\r\nb: c", false),
        ] {
            assert_eq!(is_endpoint(url, provider), allowed, "{url}");
        }
        let long = format!("https://op.example/{}", "a".repeat(2048));
        assert!(!is_endpoint(&long, provider));
    }

    /// Otherwise a provider's metadata could make the service call programs beside it.
    #[test]
    fn only_a_provider_on_this_machine_names_addresses_on_it() {
        for url in [
            "http://localhost:9000/token",
            "https://localhost/token",
            "http://LOCALHOST:9000/token",
            "http://op.localhost/token",
            "http://127.0.0.1:9000/token",
            "http://127.9.9.9/token",
            "http://0.0.0.0/token",
            "http://[::]/token",
            "http://[::1]:9000/token",
        ] {
            assert!(is_endpoint(url, "http://localhost:9000"), "{url}");
            assert!(is_endpoint(url, "http://127.0.0.1:9000/op"), "{url}");
            assert!(!is_endpoint(url, "https://op.example"), "{url}");
        }
        assert!(!is_endpoint("http://op.example/token", "http://localhost"));
        assert!(!is_endpoint(
            "https://[::ffff:7f00:1]/",
            "https://op.example"
        ));
    }
}
