//! `allowed_outbound_hosts`: the destinations of a component's requests.

use std::ops::Range;

use anyhow::{Context as _, Result, bail};
use http::Uri;

use super::variables::Values;

/// A list of `scheme://host:port`. Each part can be `*`, the host also `*.domain`, the port also a range `from..to`
/// without its end.
pub(crate) struct AllowedHosts(Vec<AllowedHost>);

struct AllowedHost {
    /// `None` means any.
    scheme: Option<String>,
    host: Host,
    /// `None` means any.
    ports: Option<Range<u32>>,
}

enum Host {
    Any,
    Below(String),
    Exactly(String),
}

impl AllowedHosts {
    pub(super) fn new(entries: &[String], values: &Values) -> Result<Self> {
        let mut allowed = Vec::new();
        for entry in entries {
            let filled = values.fill(entry)?;
            let host = AllowedHost::parse(&filled);
            allowed.push(host.with_context(|| format!("allowed_outbound_hosts: {filled:?}"))?);
        }
        Ok(Self(allowed))
    }

    /// Returns whether requests to this address are allowed.
    pub(crate) fn allow(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return false;
        };
        let Some(port) = uri.port_u16().or_else(|| usual_port(scheme)) else {
            return false;
        };
        self.allow_host(scheme, host, port)
    }

    /// Returns whether connections to this host are allowed.
    pub(super) fn allow_host(&self, scheme: &str, host: &str, port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        self.0
            .iter()
            .any(|allowed| allowed.allows(scheme, &host, port))
    }
}

impl AllowedHost {
    fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .context("the scheme is missing; expected scheme://host:port")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // An IPv6 address contains colons, and is in brackets.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        if host.is_empty() || host.contains('/') {
            bail!("the host is missing, or there is a path; expected scheme://host:port");
        }
        let host = host.to_ascii_lowercase();
        let host = match host.strip_prefix('*') {
            Some("") => Host::Any,
            Some(domain) if domain.starts_with('.') && !domain.contains('*') => {
                Host::Below(domain.to_owned())
            }
            None if !host.contains('*') => Host::Exactly(host),
            _ => bail!("\"*\" must be the whole host or everything before a domain"),
        };
        let ports = match port {
            Some("*") => None,
            Some(port) => Some(match port.split_once("..") {
                Some((from, to)) => from.parse()?..to.parse()?,
                None => one(port.parse()?),
            }),
            None => Some(one(usual_port(scheme).context(
                "the port is missing, and the scheme has no default port",
            )?)),
        };
        Ok(Self {
            scheme: (scheme != "*").then(|| scheme.to_owned()),
            host,
            ports,
        })
    }

    fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        self.scheme
            .as_deref()
            .is_none_or(|allowed| allowed == scheme)
            && match &self.host {
                Host::Any => true,
                Host::Below(domain) => host.ends_with(domain),
                Host::Exactly(allowed) => host == allowed,
            }
            && self
                .ports
                .as_ref()
                .is_none_or(|ports| ports.contains(&port.into()))
    }
}

fn one(port: u16) -> Range<u32> {
    u32::from(port)..u32::from(port) + 1
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entry: &str, uri: &str) -> bool {
        AllowedHosts(vec![AllowedHost::parse(entry).unwrap()]).allow(&uri.parse().unwrap())
    }

    #[test]
    fn scheme_host_and_port_have_to_match() {
        for (entry, uri) in [
            ("https://api.example.com", "https://api.example.com/x"),
            ("https://api.example.com/", "https://API.example.com:443/x"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/"),
            ("http://[::1]:9000", "http://[::1]:9000/"),
            ("http://[::1]", "http://[::1]/"),
            ("https://*.example.com", "https://a.b.example.com/"),
            ("*://*:*", "http://anything:1/"),
            ("http://localhost:8000..9000", "http://localhost:8999/"),
            ("http://localhost:*", "http://localhost/"),
            ("postgres://localhost", "postgres://localhost:5432"),
        ] {
            assert!(allows(entry, uri), "{entry} {uri}");
        }
        for (entry, uri) in [
            ("https://api.example.com", "http://api.example.com/"),
            ("https://api.example.com", "https://api.example.com:444/"),
            (
                "https://api.example.com",
                "https://api.example.com.evil.org/",
            ),
            ("https://*.example.com", "https://example.com/"),
            ("https://*.example.com", "https://evilexample.com/"),
            (
                "https://api.example.com",
                "https://api.example.com@evil.org/",
            ),
            ("http://localhost:8000..9000", "http://localhost:9000/"),
        ] {
            assert!(!allows(entry, uri), "{entry} {uri}");
        }
    }

    #[test]
    fn a_malformed_entry_is_refused() {
        for entry in [
            "",
            "*",
            "api.example.com",
            "https://",
            "https://a/b",
            "https://a*b",
            "redis://x",
            "http://x:y",
        ] {
            assert!(AllowedHost::parse(entry).is_err(), "{entry}");
        }
    }
}
