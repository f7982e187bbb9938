//! Detection of the client address behind trusted proxies.
//!
//! A proxy appends the address of the peer that sent it the request, so the header is read from its end: the nearest
//! proxy has added the last address, the proxy with that address the one before it, and so on. The first address that
//! is not a trusted proxy is the client. Addresses before it were sent by the client itself and are not trustworthy.

use std::net::IpAddr;

use auth_core::config::ProxyConfig;
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use super::address::address;
use super::forwarded::Elements;
use crate::request::headers::client_address;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
/// Headers in which proxies usually send the client address.
const USUAL: [&str; 3] = [X_FORWARDED_FOR, FORWARDED_NAME, "x-real-ip"];
const FORWARDED_NAME: &str = "forwarded";

/// Maximum number of hops to follow. No chain of proxies is as long.
const MAX_HOPS: usize = 32;

/// Returns the client address: that of the peer as reported by the host, or the one reported by trusted proxies.
///
/// If a trusted proxy reports no valid address, the client is that proxy.
pub fn client_behind(proxies: &ProxyConfig, headers: &HeaderMap) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| proxies.trusted.iter().any(|block| block.contains(address));
    let mut client = client_address(headers)?;
    if !is_trusted(client) {
        return Some(client);
    }
    for hop in hops(&proxies.header, headers).take(MAX_HOPS) {
        let Some(address) = hop else { break };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    Some(client)
}

/// Returns the header and the peer if the peer looks like a proxy of the operator but is not trusted.
pub(crate) fn disbelieved(proxies: &ProxyConfig, headers: &HeaderMap) -> Option<(String, IpAddr)> {
    let own = std::iter::once(proxies.header.as_str());
    let header = own.chain(USUAL).find(|name| headers.contains_key(*name))?;
    let peer = client_address(headers)?;
    let trusted = proxies.trusted.iter().any(|block| block.contains(peer));
    (!trusted && is_private(peer)).then(|| (header.to_owned(), peer))
}

/// Whether an address belongs to a private network.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ipv4) => {
            // RFC 6598: shared address space of providers and clouds.
            let [a, b, ..] = ipv4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            ipv4.is_private() || ipv4.is_loopback() || ipv4.is_link_local() || shared
        }
        IpAddr::V6(ipv6) => {
            ipv6.is_loopback() || ipv6.is_unique_local() || ipv6.is_unicast_link_local()
        }
    }
}

/// Returns the hops in a header, nearest first. `None` stands for a value that is not an address.
fn hops<'a>(header: &str, headers: &'a HeaderMap) -> Box<dyn Iterator<Item = Option<IpAddr>> + 'a> {
    let Ok(name) = HeaderName::try_from(header) else {
        return Box::new(std::iter::empty());
    };
    let is_forwarded = name == FORWARDED;
    let is_list = name.as_str() == X_FORWARDED_FOR;
    let lines = headers.get_all(name).iter().rev();
    let lines = lines.map(http::HeaderValue::as_bytes);
    if is_forwarded {
        return Box::new(lines.flat_map(Elements));
    }
    let parts = lines.flat_map(|line| line.rsplit(|byte| *byte == b','));
    let parts = parts
        .map(<[u8]>::trim_ascii)
        .filter(|part| !part.is_empty());
    // Other headers have a single address: only the last value was set by the proxy.
    let max = if is_list { usize::MAX } else { 1 };
    Box::new(parts.map(address).take(max))
}

#[cfg(test)]
mod tests {
    use auth_core::IpBlock;

    use super::*;
    use crate::request::headers::CLIENT_ADDRESS;

    fn proxies(trusted: &str, header: &str) -> ProxyConfig {
        ProxyConfig {
            trusted: IpBlock::parse_list(trusted).unwrap(),
            header: header.to_owned(),
        }
    }

    fn headers(peer: &str, lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CLIENT_ADDRESS, peer.parse().unwrap());
        for (name, value) in lines {
            let name = HeaderName::try_from(*name).unwrap();
            headers.append(
                name,
                http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    /// Returns the client of a request from 10.0.0.1, whose network is trusted, with these lines of a header.
    fn sender(header: &str, lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| (header, *line)).collect();
        let proxies = proxies("10.0.0.0/8, 2001:db8:1::/48", header);
        let client = client_behind(&proxies, &headers("10.0.0.1:4711", &lines));
        client.unwrap().to_string()
    }

    #[test]
    fn the_first_from_the_right_that_is_no_proxy_is_the_client() {
        for (lines, client) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            // Addresses sent by the client itself come first.
            (&["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            (&["127.0.0.1, 10.0.0.5, 192.0.2.1"], "192.0.2.1"),
            (
                &["198.51.100.9, 192.0.2.1, 10.0.0.2, 10.0.0.3"],
                "192.0.2.1",
            ),
            (&["192.0.2.1,10.0.0.2"], "192.0.2.1"),
            // Several lines form one list.
            (&["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
            (
                &["198.51.100.9, 192.0.2.1", "10.0.0.2", "10.0.0.3"],
                "192.0.2.1",
            ),
            // Ports, brackets, zones, IPv6.
            (&["192.0.2.1:5678"], "192.0.2.1"),
            (&["[2001:db8::1]:5678"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["fe80::1%eth0"], "fe80::1"),
            (&["192.0.2.1, [2001:db8:1::7]:443"], "192.0.2.1"),
            // IPv4-mapped IPv6 addresses are IPv4 addresses.
            (&["192.0.2.1, ::ffff:10.0.0.2"], "192.0.2.1"),
            (&["[::ffff:192.0.2.1]:80"], "192.0.2.1"),
            // Empty list elements are ignored.
            (&["198.51.100.9, 192.0.2.1, ,", ""], "192.0.2.1"),
            // The request originates at a proxy: the farthest known proxy is the client.
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&[], "10.0.0.1"),
            (&[""], "10.0.0.1"),
        ] {
            assert_eq!(sender("x-forwarded-for", lines), client, "{lines:?}");
        }
    }

    #[test]
    fn behind_what_is_no_address_nothing_is_believed() {
        for garbage in [
            "unknown",
            "_hidden",
            "192.0.2",
            "192.0.2.1.5",
            "192.0.2.1:",
            "192.0.2.1:123456",
            "192.0.2.1:a",
            "010.0.0.1",
            "[192.0.2.1]",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]5",
            "[]",
            "a b",
            "\"192.0.2.1\"",
            "192.0.2.1;",
            "é",
            "for=192.0.2.1",
            "-",
            "::g",
            "%",
        ] {
            let line = format!("198.51.100.9, {garbage}");
            assert_eq!(sender("x-forwarded-for", &[&line]), "10.0.0.1", "{garbage}");
            let line = format!("198.51.100.9, {garbage}, 10.0.0.2");
            assert_eq!(sender("x-forwarded-for", &[&line]), "10.0.0.2", "{garbage}");
            // Values sent by the client do not affect the address appended by the proxy.
            let line = format!("{garbage}, 192.0.2.1");
            assert_eq!(
                sender("x-forwarded-for", &[&line]),
                "192.0.2.1",
                "{garbage}"
            );
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        for (lines, client) in [
            (&["for=192.0.2.1"][..], "192.0.2.1"),
            (&["For=192.0.2.1;Proto=https;by=10.0.0.1"], "192.0.2.1"),
            (&["proto=http; for=\"192.0.2.1:80\" ; host=a"], "192.0.2.1"),
            (&["for=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            (&["FOR=\"[2001:db8::1]\""], "2001:db8::1"),
            (&["for=\"192.0.2.1:_port\""], "192.0.2.1"),
            (&["for=\"\\1\\9\\2.0.2.1\""], "192.0.2.1"),
            (
                &["for=198.51.100.9, for=192.0.2.1, for=10.0.0.2"],
                "192.0.2.1",
            ),
            (
                &["for=198.51.100.9", "for=192.0.2.1,for=10.0.0.2"],
                "192.0.2.1",
            ),
            (&["for=192.0.2.1, ,"], "192.0.2.1"),
            // Elements without an address hide the elements before them.
            (&["for=198.51.100.9, for=unknown"], "10.0.0.1"),
            (&["for=198.51.100.9, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
            (&["for=198.51.100.9, proto=https"], "10.0.0.1"),
            (&["for=198.51.100.9;for=198.51.100.8"], "10.0.0.1"),
            (&["198.51.100.9"], "10.0.0.1"),
            (&["for=[2001:db8::1]"], "10.0.0.1"),
            // An unclosed quote of a client does not affect what its proxy appends.
            (&["for=\"198.51.100.9, for=192.0.2.1"], "192.0.2.1"),
            (&["a=\", for=192.0.2.1;by=\"_x\""], "192.0.2.1"),
            (&["for=\"\\, for=\"192.0.2.1:80\""], "192.0.2.1"),
            // A `host` value with commas is not parsed as an element.
            (
                &["for=192.0.2.1;host=\"x,for=198.51.100.9;a=\""],
                "192.0.2.1",
            ),
            (&["for=192.0.2.1;host=\"x,for=198.51.100.9\""], "192.0.2.1"),
            (
                &["for=192.0.2.1;host=\"x,for=198.51.100.9;a=\\\"b\""],
                "192.0.2.1",
            ),
            (
                &["a=\", for=192.0.2.1;host=\",for=198.51.100.9;x=\""],
                "192.0.2.1",
            ),
        ] {
            assert_eq!(sender("forwarded", lines), client, "{lines:?}");
        }
        // Too many commas: parsing stops, and nothing is trusted.
        let commas = format!("for=192.0.2.1;host=\"{}\"", ",".repeat(30_000));
        assert_eq!(sender("forwarded", &[&commas]), "10.0.0.1");
    }

    #[test]
    fn of_a_header_with_one_address_the_last_counts() {
        assert_eq!(sender("x-real-ip", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(
            sender("x-real-ip", &["198.51.100.9", "192.0.2.1"]),
            "192.0.2.1"
        );
        assert_eq!(
            sender("x-real-ip", &["198.51.100.9, 192.0.2.1"]),
            "192.0.2.1"
        );
        // The header has one address, so a proxy in it counts as the client.
        assert_eq!(sender("x-real-ip", &["198.51.100.9, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(
            sender("x-real-ip", &["198.51.100.9", "unknown"]),
            "10.0.0.1"
        );
    }

    #[test]
    fn only_a_trusted_peer_and_the_named_header_are_believed() {
        let lines = [
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=192.0.2.2"),
            ("x-real-ip", "192.0.2.3"),
        ];
        let from = |peer: &str, trusted: &str, header: &str| {
            let client = client_behind(&proxies(trusted, header), &headers(peer, &lines));
            client.unwrap().to_string()
        };
        assert_eq!(from("10.0.0.1", "", "x-forwarded-for"), "10.0.0.1");
        assert_eq!(
            from("10.0.0.1:80", "10.0.0.2", "x-forwarded-for"),
            "10.0.0.1"
        );
        assert_eq!(
            from("10.0.0.1:80", "10.0.0.1", "x-forwarded-for"),
            "192.0.2.1"
        );
        assert_eq!(
            from("[::ffff:10.0.0.1]:80", "10.0.0.1", "forwarded"),
            "192.0.2.2"
        );
        assert_eq!(
            from("10.0.0.1", "::ffff:10.0.0.0/104", "x-real-ip"),
            "192.0.2.3"
        );
        assert_eq!(from("[::ffff:10.0.0.1]:80", "", "forwarded"), "10.0.0.1");
        assert_eq!(
            client_behind(&proxies("0.0.0.0/0", "forwarded"), &HeaderMap::new()),
            None
        );
    }

    #[test]
    fn a_private_peer_that_is_not_believed_is_noticed() {
        let line = [("x-forwarded-for", "192.0.2.1")];
        let noticed = |peer: &str, trusted: &str, lines: &[(&str, &str)]| {
            disbelieved(&proxies(trusted, "x-client"), &headers(peer, lines)).map(|(name, _)| name)
        };
        for peer in [
            "10.0.0.1",
            "172.16.0.1:80",
            "192.168.0.1",
            "127.0.0.1",
            "169.254.0.1",
            "100.64.0.1",
            "[::1]:80",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert_eq!(
                noticed(peer, "", &line).as_deref(),
                Some("x-forwarded-for"),
                "{peer}"
            );
        }
        for peer in ["192.0.2.1", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert_eq!(noticed(peer, "", &line), None, "{peer}");
        }
        for header in ["forwarded", "x-real-ip", "x-client"] {
            let lines = [(header, "192.0.2.1")];
            assert_eq!(noticed("10.0.0.1", "", &lines).as_deref(), Some(header));
        }
        assert_eq!(noticed("10.0.0.1", "", &[("x-other", "a")]), None);
        assert_eq!(noticed("10.0.0.1", "10.0.0.0/8", &line), None);
    }
}
