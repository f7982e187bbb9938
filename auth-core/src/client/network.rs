//! Networks: all addresses of a network count as one client.

use core::net::IpAddr;

use super::ip_block::IpBlock;

/// The IPv6 prefix lengths that are counted, each with the multiple of a network's limit that it may use. A subscriber
/// can use all addresses of at least a /64, and often of a /56 or a /48. But a /48 can be a whole company, so one
/// person in it must not use up everybody's share.
const PREFIXES: [(u8, u64); 3] = [(64, 1), (56, 2), (48, 4)];

/// Returns the networks of an address as blocks, the narrowest first, each with the multiple of the narrowest one's
/// limit that it may use. An IPv4 address is a network by itself, also in IPv6 form.
pub fn blocks_of(ip: IpAddr) -> Vec<(IpBlock, u64)> {
    let block = |(length, share)| (IpBlock::around(ip, 32, length), share);
    match ip.to_canonical() {
        IpAddr::V4(_) => vec![block((128, 1))],
        IpAddr::V6(_) => PREFIXES.map(block).into(),
    }
}

/// A network that an address is in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// Name in the key of a limit.
    pub(crate) name: String,
    /// Multiple of the narrowest network's limit that it may use.
    pub(crate) share: u64,
}

/// Returns the networks of an address, the narrowest first. An IPv4 address is a network by itself, also in IPv6 form.
/// All clients without a known address share one network.
pub(crate) fn networks(ip: Option<IpAddr>) -> Vec<Network> {
    let alone = |name| vec![Network { name, share: 1 }];
    match ip.map(|ip| ip.to_canonical()) {
        None => alone("unknown".to_owned()),
        Some(IpAddr::V4(ip)) => alone(ip.to_string()),
        Some(ip) => {
            let network = |(block, share): (IpBlock, u64)| Network {
                name: block.to_string(),
                share,
            };
            blocks_of(ip).into_iter().map(network).collect()
        }
    }
}

/// Whether the narrowest networks of two addresses are the same.
pub(crate) fn in_one_network(a: IpAddr, b: IpAddr) -> bool {
    networks(Some(a)).first() == networks(Some(b)).first()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(ip: &str) -> Vec<String> {
        let networks = networks(Some(ip.parse().unwrap()));
        networks.into_iter().map(|network| network.name).collect()
    }

    #[test]
    fn an_ipv6_address_is_in_three_networks() {
        assert_eq!(
            names("2001:db8:1:2345:6789::1"),
            [
                "2001:db8:1:2345::/64",
                "2001:db8:1:2300::/56",
                "2001:db8:1::/48"
            ]
        );
        let shares = |ip: &str| -> Vec<_> {
            let networks = networks(Some(ip.parse().unwrap()));
            networks.iter().map(|network| network.share).collect()
        };
        assert_eq!(shares("2001:db8::1"), [1, 2, 4]);
        assert_eq!(shares("192.0.2.1"), [1]);
    }

    #[test]
    fn an_ipv4_address_is_a_network_in_every_spelling() {
        assert_eq!(names("192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(names("::ffff:192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(networks(None).len(), 1);
    }

    #[test]
    fn one_subscriber_is_one_network() {
        let one = |a: &str, b: &str| in_one_network(a.parse().unwrap(), b.parse().unwrap());
        assert!(one(
            "2001:db8:0:1::1",
            "2001:0db8:0000:0001:ffff:ffff:ffff:ffff"
        ));
        assert!(!one("2001:db8:0:1::1", "2001:db8:0:2::1"));
        assert!(one("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!one("192.0.2.1", "192.0.2.2"));
    }
}
