//! Settings of the proxies in front of the service.

use super::parse;
use crate::client::ip_block::IpBlock;
use crate::settings;

settings! {
    /// Which proxies stand in front of the service. Workers ignore it, as Cloudflare says who the client is.
    pub struct ProxyConfig on Native Spin;

    /// Proxies in front of the service. In requests from them, the client is the last address in the header `PROXY_HEADER` that is not one of these proxies. Without this setting, the client is the peer of the connection.
    TRUSTED_PROXIES trusted: Vec<IpBlock> = "", IpBlock::parse_list, "IP addresses and CIDR blocks separated by commas, such as 10.0.0.0/8, 2001:db8::1", Addresses, "10.0.0.0/8,2001:db8::1";
    /// Header in which the trusted proxies name the client: `x-forwarded-for`, `forwarded` (RFC 7239), or another one that contains a single address, such as `x-real-ip`.
    PROXY_HEADER header: String = "x-forwarded-for", parse::header_name, "the name of a header", Addresses, "x-real-ip";
}
