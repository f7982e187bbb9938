//! Parsers of values, for tables of settings. Each refuses values that would break where they are used.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::mail::context::{is_invisible, is_printable};
use crate::secret::SecretKey;

/// The maximum length of a base URL in bytes. It is part of every token, and its path of every cookie.
const MAX_URL: usize = 255;

/// The maximum length of a URL at another service in bytes.
pub(crate) const MAX_FOREIGN_URL: usize = 2048;
/// The length of an address in bytes that a flow can return to. The cookie of the flow holds it, and a browser sends the
/// cookies of several flows in one request, whose head is limited.
pub(crate) const MAX_RETURN_URL: usize = 1024;

/// Parses a whole number from `min` to `max`.
pub fn whole(text: &str, min: u64, max: u64) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
}

/// Parses a whole number from `min` to `max`, or nothing if the text is empty.
pub fn optional_whole(text: &str, min: u64, max: u64) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    whole(text, min, max).map(Some)
}

/// Parses `true` or `false`, in any letter case, or `1` or `0`.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Parses any text, or nothing if it is empty.
pub fn optional(text: &str) -> Option<Option<String>> {
    Some((!text.is_empty()).then(|| text.to_owned()))
}

/// Parses a name to show in mails, their headers and pages: 1 to 64 printable characters, not only blanks and
/// punctuation.
pub fn name(text: &str) -> Option<String> {
    let says = |c: char| !c.is_whitespace() && !c.is_ascii_punctuation() && !is_invisible(c);
    let fits = (1..=64).contains(&text.chars().count())
        && text.chars().all(is_printable)
        && text.contains(says);
    fits.then(|| text.to_owned())
}

/// Parses a name that precedes a colon in the URI of an authenticator app, or nothing if the text is empty.
pub fn issuer_name(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    name(text).filter(|name| !name.contains(':')).map(Some)
}

/// Parses the StringOrURI of a claim (RFC 7519 section 2), or nothing if the text is empty. A text with a colon must be
/// a URI.
pub fn string_or_uri(text: &str) -> Option<Option<String>> {
    let is_uri = |scheme: &str, rest: &str| {
        let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let in_rest = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(in_scheme)
            && !rest.is_empty()
            && rest.chars().all(in_rest)
    };
    let fits = text.len() <= 255
        && match text.split_once(':') {
            Some((scheme, rest)) => is_uri(scheme, rest),
            None => text.chars().all(is_printable),
        };
    fits.then(|| (!text.is_empty()).then(|| text.to_owned()))
}

/// Parses scheme and authority of an http or https URL, and writes them as browsers write an origin: in lower case,
/// without the default port and a trailing slash.
pub fn base_url(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
    let (scheme, authority) = text.split_once("://")?;
    let usual_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let shown = authority.strip_suffix(usual_port).unwrap_or(authority);
    is_authority(authority).then(|| format!("{scheme}://{shown}"))
}

/// Parses the same with a path of plain segments: letters, digits, `-`, `.`, `_` and `~`.
pub fn base_url_with_path(text: &str) -> Option<String> {
    let (origin, path) = split_url(text.strip_suffix('/').unwrap_or(text));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let is_segment = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
    let fits = path.split('/').skip(1).all(is_segment);
    base_url(origin)
        .filter(|_| fits)
        .map(|origin| origin + path)
        .filter(|url| url.len() <= MAX_URL)
}

/// Splits a URL into scheme and authority, and the path, which begins with a slash or is empty.
pub(super) fn split_url(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find('/');
    url.split_at(path.map_or(url.len(), |at| authority + at))
}

/// Parses an http or https URL to append to.
pub fn url_prefix(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let (authority, path) = rest.split_once('/')?;
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '#' | '"' | '<' | '>');
    let fits = is_authority(authority)
        && (path.is_empty() || path.ends_with('/'))
        && path.chars().all(allowed);
    fits.then(|| text.to_owned())
}

/// Parses the URL of an endpoint at another service: https, or http on this machine, without user name, password and
/// fragment (RFC 6749 section 3.1).
pub fn endpoint(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let secure = scheme == "https" || (scheme == "http" && is_loopback(authority));
    let fits = text.len() <= MAX_FOREIGN_URL
        && is_authority(authority)
        && path.chars().all(is_url_character);
    (secure && fits).then(|| text.to_owned())
}

/// Parses an issuer (OpenID Connect Discovery 1.0 section 3), which is not the address of its metadata. A slash at its
/// end is a part of it.
pub fn issuer(text: &str) -> Option<String> {
    endpoint(text).filter(|url| !url.contains('?') && !url.contains("/.well-known/"))
}

/// Whether a URL without a fragment can have this character (RFC 3986 section 2).
pub(crate) fn is_url_character(c: char) -> bool {
    c.is_ascii_graphic() && !"#\"<>\\^`{|}".contains(c)
}

/// Whether an authority is on this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let bracketed = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let host = match bracketed {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| {
            let address = address.to_canonical();
            address.is_loopback() || address.is_unspecified()
        })
}

/// Whether the text is the authority of a URL: a host with an optional port, without user name and password.
pub fn is_authority(text: &str) -> bool {
    let (fits, rest) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (is_ipv6(address), rest),
        None => {
            let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            (is_host(host), rest)
        }
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && !port.starts_with('0')
            && whole(port, 1, 65_535).is_some()
    };
    fits && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

/// Whether the text is an IPv6 address as browsers write it: another spelling would never equal an origin.
fn is_ipv6(text: &str) -> bool {
    let address = text.parse::<Ipv6Addr>();
    !text.contains('.') && address.is_ok_and(|address| address.to_string() == text)
}

/// Whether the text is a host name (RFC 1123 section 2.1, and also with underscores, which are in use) or an IPv4
/// address.
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (1..=63).contains(&label.len())
            && label.chars().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    // A host that ends in a number is read as an address (WHATWG URL, "ends in a number").
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.starts_with("0x")
        || last.starts_with("0X");
    text.len() <= 253
        && text.split('.').all(is_label)
        && (!is_number || text.parse::<Ipv4Addr>().is_ok())
}

/// Parses a domain name, or nothing if the text is empty. An IP address is refused.
pub fn domain(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let fits = is_host(text) && text.parse::<Ipv4Addr>().is_err();
    fits.then(|| Some(text.to_ascii_lowercase()))
}

/// Parses a secret that requests send as a bearer token, so in ASCII without blanks, or nothing if the text is empty.
pub fn bearer(text: &str) -> Option<Option<SecretKey>> {
    if text.is_empty() {
        return Some(None);
    }
    let sendable = text.bytes().all(|byte| byte.is_ascii_graphic());
    SecretKey::new(text.as_bytes())
        .filter(|_| sendable)
        .map(Some)
}

/// Parses the name of a header (RFC 9110 section 5.1), and writes it in lower case.
pub fn header_name(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let fits = !text.is_empty() && text.chars().all(allowed);
    fits.then(|| text.to_ascii_lowercase())
}

/// Parses origins separated by commas; an empty text is an empty list.
pub fn origins(text: &str) -> Option<Vec<String>> {
    text.split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty())
        .map(base_url)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_where_it_ends_up() {
        for (text, fits) in [
            ("Acme: Login", true),
            ("🚀", true),
            (":", false),
            ("- -", false),
            ("\u{200b}\u{ad}", false),
            ("Acme\u{202e}", false),
            ("Acme\u{2028}Login", false),
        ] {
            assert_eq!(name(text).is_some(), fits, "{text:?}");
        }
        // The first colon in the URI of an authenticator app ends the issuer.
        for (text, fits) in [("Acme Login", true), ("Acme: Login", false), (":", false)] {
            assert_eq!(issuer_name(text).is_some(), fits, "{text:?}");
        }
        for (text, fits) in [
            ("my service", true),
            ("https://auth.example.com/", true),
            ("urn:example:auth", true),
            ("my: service", false),
            (":x", false),
            ("urn:", false),
            ("urn:a b", false),
            ("a\nb", false),
            ("ä:x", false),
        ] {
            assert_eq!(string_or_uri(text).is_some(), fits, "{text:?}");
        }
        for (text, domain) in [
            ("Example.com", Some("example.com")),
            ("a..example.com", None),
            (".example.com", None),
            ("example.com.", None),
            ("example-.com", None),
            ("192.0.2.1", None),
            ("exam ple.com", None),
            ("example.com; Path=/", None),
        ] {
            assert_eq!(super::domain(text).flatten().as_deref(), domain, "{text:?}");
        }
        let secret = "0123456789abcdef0123456789abcdef";
        assert!(bearer(secret).is_some());
        for sent_by_nobody in [format!("{secret} x"), format!("{secret}ä")] {
            assert!(bearer(&sent_by_nobody).is_none(), "{sent_by_nobody:?}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, origin) in [
            (
                "https://Auth.Example.com/",
                Some("https://auth.example.com"),
            ),
            ("https://example.com:443", Some("https://example.com")),
            ("http://example.com:80", Some("http://example.com")),
            ("http://example.com:443", Some("http://example.com:443")),
            (
                "http://[2001:db8::1]:8080",
                Some("http://[2001:db8::1]:8080"),
            ),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://auth_service:8080", Some("http://auth_service:8080")),
            ("https://example.com:", None),
            ("https://example.com:0443", None),
            ("https://[2001:DB8:0:0::1]", None),
            ("https://[::ffff:10.0.0.1]", None),
            ("https://0x7f000001", None),
            ("https://example.com:65536", None),
            ("https://example.com:+80", None),
            ("https://a:b:c", None),
            ("https://:80", None),
            ("https://[", None),
            ("https://[::1", None),
            ("https://[::1]x", None),
            ("https://-", None),
            ("https://a..b", None),
            ("https://1.2.3", None),
            ("https://user@example.com", None),
            ("ftp://example.com", None),
        ] {
            assert_eq!(base_url(text).as_deref(), origin, "{text}");
        }
        for (text, fits) in [
            ("https://api.pwnedpasswords.com/range/", true),
            ("http://127.0.0.1:9/", true),
            ("https://?/", false),
            ("https://x", false),
            ("https://x:y/", false),
            ("https://user:pass@x/", false),
        ] {
            assert_eq!(url_prefix(text).is_some(), fits, "{text}");
        }
        for (text, fits) in [
            ("https://login.example.com", true),
            ("https://tenant.auth0.example/", true),
            ("https://api.example.com/me?fields=id,name", true),
            ("http://127.0.0.1:9/token", true),
            ("http://localhost:9", true),
            ("http://[::1]:9/", true),
            ("http://login.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://127.0.0.1@example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://[::1].example.com/", false),
            ("http://10.0.0.1/", false),
            ("https://login.example.com/#", false),
            ("https://login.example.com/a b", false),
            ("https://ada@login.example.com/", false),
            ("https:///token", false),
            ("ftp://login.example.com", false),
            ("login.example.com", false),
        ] {
            assert_eq!(endpoint(text).is_some(), fits, "{text}");
        }
    }

    #[test]
    fn the_path_of_an_address_is_plain() {
        for (text, wanted) in [
            ("https://Example.com", "https://example.com"),
            ("https://example.com/", "https://example.com"),
            ("https://example.com/auth", "https://example.com/auth"),
            (
                "http://Localhost:1/A/b_c.~-/",
                "http://localhost:1/A/b_c.~-",
            ),
        ] {
            assert_eq!(base_url_with_path(text).as_deref(), Some(wanted));
        }
        for text in [
            "example.com/auth",
            "https:///auth",
            "https://example.com//",
            "https://example.com//auth",
            "https://example.com/auth//",
            "https://example.com/./auth",
            "https://example.com/auth/..",
            "https://example.com/a b",
            "https://example.com/a%20b",
            "https://example.com/a?b",
            "https://example.com/a#b",
            "https://example.com/a;b",
            "https://ada@example.com/auth",
            &format!("https://example.com/{}", "a".repeat(240)),
        ] {
            assert_eq!(base_url_with_path(text), None, "{text}");
        }
    }
}
