//! The cookies that carry a session: their names, and how they are read, set and cleared.

use std::net::IpAddr;

use auth_core::{Config, DeviceToken, Tokens};
use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};

/// Path of the cookie that holds a refresh token: no other route gets to see it.
const REFRESH_PATH: &str = "/auth";
/// For how many seconds a device is known: as long as browsers keep a cookie (RFC 6265bis section 5.5).
const DEVICE_LIFE: u64 = 400 * 86_400;
/// How many cookies of one name are tried. A browser sends several where they were set for different domains.
const MOST: usize = 4;
/// How many domains above the service's host may have cookies of it.
const MOST_DOMAINS: usize = 6;

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
            (true, Some(_)) => (SECURE, SECURE),
            (true, None) => (HOST, SECURE),
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
const HOST: &str = "__Host-";
/// Prefix of cookies that come over HTTPS alone.
const SECURE: &str = "__Secure-";

/// The different values of the cookies of this name, in the order of the request and at most [`MOST`]. What can't be a token or
/// an identifier of ours is left out. Other cookies don't matter, whatever bytes they hold.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut values = all_values(headers, name);
    values.truncate(MOST);
    values
}

/// As [`values`], without the bound: for values that the caller can sort out without storage. The headers bound them.
pub(crate) fn all_values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    for (_, value) in pairs(headers).filter(|(given, _)| *given == name.as_bytes()) {
        match std::str::from_utf8(value) {
            Ok(value) if is_token(value) && !values.contains(&value) => values.push(value),
            _ => {}
        }
    }
    values
}

/// How many cookies of this name the request has, whatever they hold.
fn count(headers: &HeaderMap, name: &str) -> usize {
    pairs(headers)
        .filter(|(given, _)| *given == name.as_bytes())
        .count()
}

/// Names and values, as bytes.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = headers.get_all(COOKIE).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
        })
}

/// Whether a value has only the characters of tokens and identifiers: base64url, `.` and `-`.
fn is_token(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !value.is_empty() && value.bytes().all(plain)
}

/// Puts the tokens of a session into cookies. Others that would be tried before them are cleared.
pub(crate) fn set(config: &Config, request: &Parts, headers: &mut HeaderMap, tokens: &Tokens) {
    let names = Names::of(config);
    let domain = config.cookie_domain.as_deref();
    let session = &tokens.active().session;
    let mut lines = Vec::new();
    match tokens {
        Tokens::Opaque(token) => {
            lines.push((&names.session, "/", token.token.as_str(), token.expires_in));
        }
        Tokens::Jwt(pair) => {
            let life = session.expires_at.since(session.last_seen_at).as_secs();
            let life = life.min(config.refresh_token_life.as_secs());
            let refresh = pair.refresh_token.expose();
            lines.push((
                &names.access,
                "/",
                pair.access_token.as_str(),
                pair.expires_in,
            ));
            lines.push((&names.refresh, REFRESH_PATH, refresh, life));
            if let Some(refreshed) = &names.refreshed {
                lines.push((refreshed, "/", session.id.as_str(), life));
            }
        }
    }
    // The only one of its name is that of the host, which this one replaces, or is cleared as soon as there are two.
    let is_alone = |name: &str| domain.is_none() && count(&request.headers, name) < 2;
    let is_set = |cookie: &Known| {
        let is_same = cookie.domain.as_deref() == domain || is_alone(&cookie.name);
        is_same && lines.iter().any(|(name, ..)| **name == cookie.name)
    };
    let current = [&names.session, &names.access, &names.refresh];
    let is_read = |cookie: &Known| {
        current.contains(&&cookie.name) || names.refreshed.as_ref() == Some(&cookie.name)
    };
    // First: a browser that doesn't tell a cookie of the host from one of its domain keeps what comes last.
    for cookie in carried(config, request) {
        if is_read(&cookie) && !is_set(&cookie) {
            cookie.clear(config, headers);
        }
    }
    for (name, path, value, seconds) in lines {
        append(config, headers, name, path, domain, value, seconds);
    }
}

/// Clears every cookie of a session that the request carries, of whatever name and domain.
pub(crate) fn clear(config: &Config, request: &Parts, headers: &mut HeaderMap) {
    for cookie in carried(config, request) {
        cookie.clear(config, headers);
    }
}

/// Name of the cookie by which a device is known. It is never for subdomains: no other host needs to see it.
pub(crate) fn device(config: &Config) -> &'static str {
    if config.cookie_secure {
        "__Host-device"
    } else {
        "device"
    }
}

/// Puts what the device is known by into its cookie.
pub(crate) fn set_device(config: &Config, headers: &mut HeaderMap, token: &DeviceToken) {
    let name = device(config);
    append(
        config,
        headers,
        name,
        "/",
        None,
        token.expose(),
        DEVICE_LIFE,
    );
}

/// Clears the cookie of the device, if the request carries one.
pub(crate) fn clear_device(config: &Config, request: &Parts, headers: &mut HeaderMap) {
    let name = device(config);
    if count(&request.headers, name) > 0 {
        append(config, headers, name, "/", None, "", 0);
    }
}

/// A cookie that a browser may hold.
struct Known {
    name: String,
    path: &'static str,
    /// None: of the host alone.
    domain: Option<String>,
}

impl Known {
    fn clear(&self, config: &Config, headers: &mut HeaderMap) {
        let domain = self.domain.as_deref();
        append(config, headers, &self.name, self.path, domain, "", 0);
    }
}

/// The cookies of a session that the browser may hold, by the names that the request carries: also those that are read no more
/// since `COOKIE_DOMAIN` was changed. A request doesn't say for which domain a cookie was set, so there is one for each.
fn carried(config: &Config, request: &Parts) -> Vec<Known> {
    let names = Names::of(config);
    let mut known: Vec<_> = [&names.session, &names.access]
        .into_iter()
        .chain(&names.refreshed)
        .map(|name| (name.clone(), "/"))
        .collect();
    if config.cookie_secure {
        for name in ["session", "access", "sid"] {
            for prefix in [HOST, SECURE] {
                let name = format!("{prefix}{name}");
                if !known.iter().any(|(known, _)| *known == name) {
                    known.push((name, "/"));
                }
            }
        }
    }
    known.retain(|(name, _)| count(&request.headers, name) > 0);
    // Outside of its path the browser does not say whether it has this one.
    let below = request.uri.path().strip_prefix(REFRESH_PATH);
    let hidden = !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if (hidden && !known.is_empty()) || count(&request.headers, &names.refresh) > 0 {
        known.push((names.refresh, REFRESH_PATH));
    }
    let domains = domains(config);
    let mut cookies = Vec::new();
    for (name, path) in known {
        if !name.starts_with(HOST) {
            let of_domains = domains.iter().map(|domain| Known {
                name: name.clone(),
                path,
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

/// The domains that cookies may have been set for: `COOKIE_DOMAIN`, the host and the domains that it is in, as
/// `COOKIE_DOMAIN` may have been one of them.
fn domains(config: &Config) -> Vec<String> {
    let uri = config.public_base_url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host);
    let mut domains: Vec<_> = config.cookie_domain.iter().cloned().collect();
    // An IPv6 address stands in brackets there.
    let mut rest = host.filter(|host| host.parse::<IpAddr>().is_err() && !host.starts_with('['));
    while let Some(domain) = rest.filter(|domain| domain.contains('.')) {
        if domains.len() == MOST_DOMAINS {
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
    use proptest::prelude::*;

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

    fn read(lines: &[&[u8]]) -> Vec<String> {
        let parts = request("/", lines);
        let values = values(&parts.headers, "sid");
        values.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_cookies_of_a_name_are_found() {
        let found = |line: &str| read(&[line.as_bytes()]);
        assert_eq!(found("sid=a"), ["a"]);
        assert_eq!(found(" sid = a ;x=1"), ["a"]);
        assert_eq!(found("x=1;sid=a"), ["a"]);
        assert_eq!(found("x=sid=b; sid=a; xsid=b; sid2=b; SID=b"), ["a"]);
        assert_eq!(found(";;=;sid;sid=;sid=a;=sid"), ["a"]);
        assert_eq!(read(&[b"sid=a; sid=b", b"x=1", b"sid=c"]), ["a", "b", "c"]);
        assert_eq!(found("sid=a; sid=a; sid=b; sid=a"), ["a", "b"]);
        assert_eq!(found("sid=a;sid=b;sid=c;sid=d;sid=e"), ["a", "b", "c", "d"]);
        // A comma joins no cookies: in a neighbour's value it would set one in the service's name.
        assert!(found("x=1, sid=a").is_empty());
    }

    #[test]
    fn other_bytes_are_no_token_and_harm_no_neighbour() {
        assert_eq!(read(&[b"x=\xff; sid=a; y=\x80\xe9"]), ["a"]);
        assert_eq!(read(&["x=é; sid=a".as_bytes()]), ["a"]);
        assert_eq!(read(&[b"\xff", b"sid=a"]), ["a"]);
        // They take no place of the bounded number either.
        assert_eq!(
            read(&[b"sid=\xff; sid=\"q\"; sid=a b; sid=a,b; sid=%41; sid=a"]),
            ["a"]
        );
    }

    proptest! {
        /// Whatever stands around it, a cookie of ours is found, and nothing that isn't one.
        #[test]
        fn neighbours_do_not_matter(
            before in proptest::collection::vec("[^;\\x00-\\x1f\\x7f]{0,12}", 0..4),
            value in "[A-Za-z0-9._-]{1,40}",
            after in proptest::collection::vec(any::<u8>().prop_filter("no control", |byte| (*byte >= 32 && *byte != 127) || *byte == b'\t'), 0..40),
        ) {
            let others = before.iter().filter(|text| !text.trim().starts_with("sid"));
            let mut line: Vec<u8> = others.flat_map(|text| format!("{text};").into_bytes()).collect();
            line.extend(format!("sid={value};").into_bytes());
            line.extend(after);
            let found = read(&[&line]);
            prop_assert_eq!(&found[0], &value);
            prop_assert!(found.len() <= MOST && found.iter().all(|value| is_token(value)));
        }
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
        // Its path hides it from other routes.
        for path in ["/account", "/authx"] {
            let found = cleared(&[BASE], path, "__Host-access=x; __Host-sid=y");
            assert_eq!(
                found[..2],
                ["__Host-access / -", "__Host-sid / -"],
                "{path}"
            );
            assert_eq!(found[2..], all, "{path}");
        }
        // Before COOKIE_DOMAIN was set, and since.
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
        // After it was unset.
        let found = cleared(&[BASE], "/auth/me", "__Secure-session=x");
        assert_eq!(found.len(), 3, "{found:?}");
        let found = cleared(
            &[("COOKIE_SECURE", "false")],
            "/auth/me",
            "refresh=x; session=y",
        );
        assert_eq!(found, ["session / -", "refresh /auth -"]);
    }

    #[test]
    fn addresses_have_no_domains_above() {
        for (base, expected) in [
            ("https://auth.example.com", 2),
            ("https://example.com", 1),
            ("http://localhost:8080", 0),
            ("http://127.0.0.1:8080", 0),
            ("http://[::1]:8080", 0),
            ("http://[::ffff:10.0.0.1]", 0),
            ("https://a.b.c.d.e.f.g.h.example.com", MOST_DOMAINS),
        ] {
            let found = domains(&config(&[("PUBLIC_BASE_URL", base)]));
            assert_eq!(found.len(), expected, "{base} {found:?}");
        }
    }
}
