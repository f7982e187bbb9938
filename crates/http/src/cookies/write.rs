//! Functions that set and clear the cookies of sessions, devices and flows.

use std::net::IpAddr;

use auth_core::{Config, DeviceToken, FlowCookie, Tokens};
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};

use super::names::{HOST, Names, SECURE, device, flow, flow_path, flow_prefix, path};
use super::read::{count, with_prefix};

/// Path of the refresh token cookie, relative to that of the service. Routes outside of it don't receive the cookie.
const REFRESH_PATH: &str = "/auth";
/// Lifetime of the device cookie in seconds: the maximum that browsers allow (RFC 6265bis section 5.5).
const DEVICE_LIFE: u64 = 400 * 86_400;
/// Maximum number of flows in a browser.
const MAX_FLOWS: usize = 6;
/// Maximum number of bytes in the cookies of all flows. Together with other cookies they must fit into the head of a
/// request, for which proxies often have 8 KB.
const MAX_FLOW_BYTES: usize = 4096;
/// Maximum number of domains for which cookies are cleared.
const MAX_DOMAINS: usize = 6;

/// Sets the tokens of a session as cookies, and clears other cookies that would be tried before them.
pub(crate) fn set(config: &Config, request: &Parts, headers: &mut HeaderMap, tokens: &Tokens) {
    let names = Names::of(config);
    let domain = config.cookie_domain.as_deref();
    let session = &tokens.active().session;
    let (whole, of_refresh) = (path(config), refresh_path(config));
    let mut lines = Vec::new();
    match tokens {
        Tokens::Opaque(token) => {
            lines.push((
                &names.session,
                whole,
                token.token.as_str(),
                token.expires_in,
            ));
        }
        Tokens::Jwt(pair) => {
            let life = session.expires_at.since(session.last_seen_at).as_secs();
            let life = life.min(config.refresh_token_life.as_secs());
            let refresh = pair.refresh_token.expose();
            lines.push((
                &names.access,
                whole,
                pair.access_token.as_str(),
                pair.expires_in,
            ));
            lines.push((&names.refresh, of_refresh.as_str(), refresh, life));
            if let Some(refreshed) = &names.refreshed {
                lines.push((refreshed, whole, session.id.as_str(), life));
            }
        }
    }
    // A single cookie with this name is that of the host, which the new one replaces. Otherwise it is cleared once
    // there are two.
    let is_alone = |name: &str| domain.is_none() && count(&request.headers, name) < 2;
    let is_set = |cookie: &Known| {
        let is_same = cookie.domain.as_deref() == domain || is_alone(&cookie.name);
        is_same && lines.iter().any(|(name, ..)| **name == cookie.name)
    };
    let current = [&names.session, &names.access, &names.refresh];
    let is_read = |cookie: &Known| {
        current.contains(&&cookie.name) || names.refreshed.as_ref() == Some(&cookie.name)
    };
    // Clear first: a browser that doesn't distinguish cookies of the host and of its domain keeps the last one.
    for cookie in carried(config, request) {
        if is_read(&cookie) && !is_set(&cookie) {
            cookie.clear(config, headers);
        }
    }
    for (name, path, value, seconds) in lines {
        append(config, headers, name, path, domain, value, seconds);
    }
}

/// Clears every session cookie that the request carries, of every name and domain.
pub(crate) fn clear(config: &Config, request: &Parts, headers: &mut HeaderMap) {
    for cookie in carried(config, request) {
        cookie.clear(config, headers);
    }
}

/// Sets the device cookie.
pub(crate) fn set_device(config: &Config, headers: &mut HeaderMap, token: &DeviceToken) {
    let name = device(config);
    append(
        config,
        headers,
        &name,
        path(config),
        None,
        token.expose(),
        DEVICE_LIFE,
    );
}

/// Clears the device cookie, if the request carries one.
pub(crate) fn clear_device(config: &Config, request: &Parts, headers: &mut HeaderMap) {
    let name = device(config);
    if count(&request.headers, &name) > 0 {
        append(config, headers, &name, path(config), None, "", 0);
    }
}

/// Sets the cookie of a flow. If the browser can't have another flow, the others end.
pub(crate) fn set_flow(
    config: &Config,
    request: &Parts,
    headers: &mut HeaderMap,
    begun: &FlowCookie,
) {
    let others = with_prefix(&request.headers, &flow_prefix(config));
    let carried: usize = others
        .iter()
        .map(|(id, value)| id.len() + value.len())
        .sum();
    if others.len() >= MAX_FLOWS || carried + begun.value.len() > MAX_FLOW_BYTES {
        for (id, _) in others {
            clear_flow(config, headers, id);
        }
    }
    let (name, path) = (flow(config, &begun.id), flow_path(config));
    let (value, life) = (&begun.value, begun.max_age);
    append(config, headers, &name, path, None, value, life);
}

/// Clears the cookie of a flow.
pub(crate) fn clear_flow(config: &Config, headers: &mut HeaderMap, id: &str) {
    let name = flow(config, id);
    append(config, headers, &name, flow_path(config), None, "", 0);
}

/// A cookie that a browser can have.
struct Known {
    name: String,
    path: String,
    /// Domain. `None` means only the host.
    domain: Option<String>,
}

impl Known {
    fn clear(&self, config: &Config, headers: &mut HeaderMap) {
        let domain = self.domain.as_deref();
        append(config, headers, &self.name, &self.path, domain, "", 0);
    }
}

/// Returns the session cookies that the browser can have, from the names in the request. Includes cookies that are no
/// longer read since `COOKIE_DOMAIN` was changed. Requests don't contain the domain of a cookie, so there is one for
/// each.
fn carried(config: &Config, request: &Parts) -> Vec<Known> {
    let names = Names::of(config);
    let mut known: Vec<_> = [&names.session, &names.access]
        .into_iter()
        .chain(&names.refreshed)
        .cloned()
        .collect();
    if config.cookie_secure {
        for name in ["session", "access", "sid"] {
            for prefix in [HOST, SECURE] {
                let name = format!("{prefix}{name}");
                if !known.contains(&name) {
                    known.push(name);
                }
            }
        }
    }
    known.retain(|name| count(&request.headers, name) > 0);
    let path = |name: String| match name.starts_with(HOST) {
        true => (name, "/".to_owned()),
        false => (name, path(config).to_owned()),
    };
    let mut known: Vec<_> = known.into_iter().map(path).collect();
    // Outside of the path of this cookie the browser doesn't send it.
    let below = request.uri.path().strip_prefix(REFRESH_PATH);
    let hidden = !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if (hidden && !known.is_empty()) || count(&request.headers, &names.refresh) > 0 {
        known.push((names.refresh, refresh_path(config)));
    }
    let domains = domains(config);
    let mut cookies = Vec::new();
    for (name, path) in known {
        if !name.starts_with(HOST) {
            let of_domains = domains.iter().map(|domain| Known {
                name: name.clone(),
                path: path.clone(),
                domain: Some(domain.clone()),
            });
            cookies.extend(of_domains);
        }
        cookies.push(Known {
            name,
            path,
            domain: None,
        });
    }
    cookies
}

/// Returns the path of the refresh token cookie.
fn refresh_path(config: &Config) -> String {
    format!("{}{REFRESH_PATH}", config.web.base_path())
}

/// Returns the domains that cookies can have been set for: `COOKIE_DOMAIN`, the host and its parent domains, because
/// `COOKIE_DOMAIN` can have been one of them.
fn domains(config: &Config) -> Vec<String> {
    let uri = config.web.public_base_url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host);
    let mut domains: Vec<_> = config.cookie_domain.iter().cloned().collect();
    // IPv6 addresses are in brackets here.
    let mut rest = host.filter(|host| host.parse::<IpAddr>().is_err() && !host.starts_with('['));
    while let Some(domain) = rest.filter(|domain| domain.contains('.')) {
        if domains.len() == MAX_DOMAINS {
            break;
        }
        if !domains.iter().any(|known| known == domain) {
            domains.push(domain.to_owned());
        }
        rest = domain.split_once('.').map(|(_, parent)| parent);
    }
    domains
}

fn append(
    config: &Config,
    headers: &mut HeaderMap,
    name: &str,
    path: &str,
    domain: Option<&str>,
    value: &str,
    seconds: u64,
) {
    let secure = if config.cookie_secure { "; Secure" } else { "" };
    let mut line = format!("{name}={value}; HttpOnly; SameSite=Lax{secure}; Path={path}");
    if let Some(domain) = domain {
        line.push_str("; Domain=");
        line.push_str(domain);
    }
    line.push_str(&format!("; Max-Age={seconds}"));
    if let Ok(line) = HeaderValue::from_str(&line) {
        headers.append(SET_COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use auth_core::Settings;
    use http::Request;
    use http::header::COOKIE;

    use super::*;

    struct Given<'a>(&'a [(&'a str, &'a str)]);

    impl Settings for Given<'_> {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            let key = ("SECRET_KEY", "0123456789abcdef0123456789abcdef");
            let found = self
                .0
                .iter()
                .chain([&key])
                .find(|(known, _)| *known == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        }
    }

    fn config(settings: &[(&str, &str)]) -> Config {
        let given = Given(settings);
        match pin!(Config::from_settings(&given)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(config) => config.map_err(|error| error.to_string()).ok().unwrap(),
            Poll::Pending => unreachable!("a list answers at once"),
        }
    }

    fn request(path: &str, lines: &[&[u8]]) -> Parts {
        let mut request = Request::builder().uri(path);
        for line in lines {
            request = request.header(COOKIE, *line);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn cleared(settings: &[(&str, &str)], path: &str, cookies: &str) -> Vec<String> {
        let mut headers = HeaderMap::new();
        clear(
            &config(settings),
            &request(path, &[cookies.as_bytes()]),
            &mut headers,
        );
        let lines = headers.get_all(SET_COOKIE).iter();
        let lines = lines.map(|line| {
            let line = line.to_str().unwrap();
            assert!(
                line.contains("; HttpOnly; SameSite=Lax") && line.ends_with("; Max-Age=0"),
                "{line}"
            );
            let is_secure = line.contains("; Secure");
            assert_eq!(is_secure, line.starts_with("__"), "{line}");
            let part = |name: &str| {
                let (_, rest) = line.split_once(&format!("; {name}="))?;
                rest.split(';').next()
            };
            let name = line.split_once("=;").unwrap().0;
            format!(
                "{name} {} {}",
                part("Path").unwrap(),
                part("Domain").unwrap_or("-")
            )
        });
        lines.collect()
    }

    const BASE: (&str, &str) = ("PUBLIC_BASE_URL", "https://auth.example.com:8443");

    #[test]
    fn every_form_of_a_cookie_is_cleared() {
        assert!(cleared(&[BASE], "/auth/me", "other=1").is_empty());
        assert_eq!(
            cleared(&[BASE], "/auth/me", "__Host-session=x"),
            ["__Host-session / -"]
        );
        let refresh = |domain: &str| format!("__Secure-refresh /auth {domain}");
        let all = [
            refresh("auth.example.com"),
            refresh("example.com"),
            refresh("-"),
        ];
        assert_eq!(cleared(&[BASE], "/auth/logout", "__Secure-refresh=x"), all);
        // Other routes don't receive it because of its path.
        for path in ["/account", "/authx"] {
            let found = cleared(&[BASE], path, "__Host-access=x; __Host-sid=y");
            assert_eq!(
                found[..2],
                ["__Host-access / -", "__Host-sid / -"],
                "{path}"
            );
            assert_eq!(found[2..], all, "{path}");
        }
        // Cookies from before and after COOKIE_DOMAIN was set.
        let domain = ("COOKIE_DOMAIN", "example.com");
        let found = cleared(
            &[BASE, domain],
            "/auth/me",
            "__Host-access=x; __Secure-access=y",
        );
        let of_domain = |domain: &str| format!("__Secure-access / {domain}");
        assert_eq!(
            found,
            [
                of_domain("example.com"),
                of_domain("auth.example.com"),
                of_domain("-"),
                "__Host-access / -".into()
            ]
        );
        // Cookies from before it was unset.
        let found = cleared(&[BASE], "/auth/me", "__Secure-session=x");
        assert_eq!(found.len(), 3, "{found:?}");
        let found = cleared(
            &[("COOKIE_SECURE", "false")],
            "/auth/me",
            "refresh=x; session=y",
        );
        assert_eq!(found, ["session / -", "refresh /auth -"]);
    }

    /// Returns the lines that the start of a flow sets, without their attributes.
    fn begun(settings: &[(&str, &str)], cookies: &str) -> Vec<String> {
        let cookie = FlowCookie {
            id: "new".to_owned(),
            value: "sealed".to_owned(),
            max_age: 600,
        };
        let mut headers = HeaderMap::new();
        let request = request("/auth/oauth/google", &[cookies.as_bytes()]);
        set_flow(&config(settings), &request, &mut headers, &cookie);
        let lines = headers.get_all(SET_COOKIE).iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect()
    }

    /// A flow is bound to this host and to this browser, also where a subdomain sets cookies.
    #[test]
    fn the_cookie_of_a_flow_is_that_of_the_host() {
        let rest = "oauth-new=sealed; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600";
        let domain = ("COOKIE_DOMAIN", "example.com");
        for settings in [&[BASE][..], &[BASE, domain]] {
            assert_eq!(begun(settings, ""), [format!("__Host-{rest}")]);
        }
        let below = ("PUBLIC_BASE_URL", "https://auth.example.com/id");
        let other = ("PUBLIC_BASE_URL", "https://auth.example.com/id-2/a");
        let rest = "-new=sealed; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600";
        for (base, path) in [(below, "%2Fid"), (other, "%2Fid%2D2%2Fa")] {
            let line = format!("__Host-oauth{path}{rest}");
            assert_eq!(begun(&[base], ""), [line]);
        }
        let plain = ("COOKIE_SECURE", "false");
        let line = "oauth-new=sealed; HttpOnly; SameSite=Lax; Path=/; Max-Age=600";
        assert_eq!(begun(&[plain], ""), [line]);
    }

    /// Flows that are begun and never completed can't fill the head of every request.
    #[test]
    fn a_browser_has_few_flows() {
        let cookies = |count: usize| {
            let cookie = |at| format!("__Host-oauth-{at}=x; ");
            (0..count).map(cookie).collect::<String>()
        };
        assert_eq!(begun(&[BASE], &cookies(MAX_FLOWS - 1)).len(), 1);
        let lines = begun(&[BASE], &cookies(MAX_FLOWS));
        assert_eq!(lines.len(), MAX_FLOWS + 1);
        for (at, line) in lines[..MAX_FLOWS].iter().enumerate() {
            assert!(line.starts_with(&format!("__Host-oauth-{at}=; ")), "{line}");
            assert!(line.ends_with("; Max-Age=0"), "{line}");
        }
        // Nor can a few that are long.
        let long = format!("__Host-oauth-1={}", "x".repeat(MAX_FLOW_BYTES - 5));
        assert_eq!(begun(&[BASE], &long).len(), 2);
        let shorter = format!("__Host-oauth-1={}", "x".repeat(MAX_FLOW_BYTES / 2));
        assert_eq!(begun(&[BASE], &shorter).len(), 1);
    }

    #[test]
    fn addresses_have_no_domains_above() {
        for (base, expected) in [
            ("https://auth.example.com", 2),
            ("https://example.com", 1),
            ("http://localhost:8080", 0),
            ("http://127.0.0.1:8080", 0),
            ("http://[::1]:8080", 0),
            ("http://[2001:db8::1]", 0),
            ("https://a.b.c.d.e.f.g.h.example.com", MAX_DOMAINS),
        ] {
            let found = domains(&config(&[("PUBLIC_BASE_URL", base)]));
            assert_eq!(found.len(), expected, "{base} {found:?}");
        }
    }
}
