//! Blocks of IP addresses.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of IP addresses in CIDR notation. An IPv4 address in IPv6 form counts as the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpBlock {
    first: IpAddr,
    prefix: u8,
}

impl IpBlock {
    /// Parses an address, or an address with the length of its prefix: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix.map(str::trim) {
            None => max,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= max)?
            }
            Some(_) => return None,
        };
        match address.to_canonical() {
            // The first 96 bits mark it as IPv4. A block with a shorter prefix also contains other IPv6 addresses.
            IpAddr::V4(ipv4) if max == 128 && prefix >= 96 => {
                Some(Self::around(IpAddr::V4(ipv4), prefix - 96, 128))
            }
            _ if max == 32 => Some(Self::around(address, prefix, 128)),
            _ => Some(Self {
                first: first_of(address, prefix),
                prefix,
            }),
        }
    }

    /// Parses blocks separated by commas; an empty text is an empty list.
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        text.split(',')
            .map(str::trim)
            .filter(|block| !block.is_empty())
            .map(Self::parse)
            .collect()
    }

    /// Returns the block around an address, with a prefix of `ipv4` or `ipv6` bits.
    pub fn around(address: IpAddr, ipv4: u8, ipv6: u8) -> Self {
        let address = address.to_canonical();
        let prefix = if address.is_ipv4() { ipv4 } else { ipv6 };
        Self {
            first: first_of(address, prefix),
            prefix,
        }
    }

    /// Whether an address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && first_of(address, self.prefix) == self.first
    }
}

/// Returns the address with the bits after the prefix set to zero.
fn first_of(address: IpAddr, prefix: u8) -> IpAddr {
    let behind = |bits: u32| bits.saturating_sub(u32::from(prefix));
    match address {
        IpAddr::V4(ipv4) => {
            let mask = u32::MAX.checked_shl(behind(32)).unwrap_or(0);
            Ipv4Addr::from_bits(ipv4.to_bits() & mask).into()
        }
        IpAddr::V6(ipv6) => {
            let mask = u128::MAX.checked_shl(behind(128)).unwrap_or(0);
            Ipv6Addr::from_bits(ipv6.to_bits() & mask).into()
        }
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> IpBlock {
        IpBlock::parse(text).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_block_holds_its_addresses_alone() {
        for (text, inside, outside) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("10.9.8.7/8", "10.0.0.0", "9.255.255.255"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::1", "::1", "::2"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("fe80::/10", "febf::1", "fec0::"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
            // IPv4 in IPv6 form, on either side.
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ] {
            assert!(block(text).contains(ip(inside)), "{text} {inside}");
            assert!(!block(text).contains(ip(outside)), "{text} {outside}");
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in [
            "",
            "10",
            "10.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "::/129",
            "010.0.0.1",
            "example.com",
            "[::1]",
            "10.0.0.0/255.0.0.0",
            "*",
        ] {
            assert_eq!(IpBlock::parse(text), None, "{text}");
        }
        assert_eq!(IpBlock::parse_list(""), Some(Vec::new()));
        assert_eq!(
            IpBlock::parse_list(" 10.0.0.0/8, ::1,"),
            Some(vec![block("10.0.0.0/8"), block("::1")])
        );
        assert_eq!(IpBlock::parse_list("10.0.0.0/8 ::1"), None);
    }

    #[test]
    fn one_subscriber_is_one_block() {
        let around = |text| IpBlock::around(ip(text), 32, 64);
        assert_eq!(around("192.0.2.1"), around("::ffff:192.0.2.1"));
        assert_ne!(around("192.0.2.1"), around("192.0.2.2"));
        assert_eq!(around("2001:db8:0:1::1"), around("2001:db8:0:1:ffff::"));
        assert_ne!(around("2001:db8:0:1::1"), around("2001:db8:0:2::1"));
        assert_eq!(around("2001:db8:0:1::1").to_string(), "2001:db8:0:1::/64");
    }
}
