//! Parser of the addresses that proxies write in headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Parses an address with or without brackets and port. Returns `None` for anything else, such as `unknown`.
pub(crate) fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let ipv6 = |text: &str| {
        // The zone after `%` is meaningful only to the proxy.
        let address = text.split_once('%').map_or(text, |(address, _)| address);
        address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    let found = if let Some(rest) = text.strip_prefix('[') {
        let (inside, port) = rest.split_once(']')?;
        let fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        ipv6(inside).filter(|_| fits)
    } else if let Some((before, port)) = text.split_once(':')
        && !port.contains(':')
    {
        let address = before.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
        address.filter(|_| is_port(port))
    } else {
        let ipv4 = text.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
        ipv4.or_else(|| ipv6(text))
    };
    found.map(|address| address.to_canonical())
}

/// Whether this is a port (RFC 7239 section 6.2), possibly obfuscated by the proxy.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(hidden) => token(hidden.as_bytes()).is_some_and(|(_, rest)| rest.is_empty()),
        None => (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Splits off a leading token (RFC 9110 section 5.6.2), and returns it with the rest.
pub(crate) fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let length = text.iter().take_while(|byte| is_part(byte)).count();
    (length > 0).then(|| text.split_at(length))
}
