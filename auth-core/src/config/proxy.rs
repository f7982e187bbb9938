//! Settings of the proxies in front of the service.

use super::parse;
use crate::client::ip_block::IpBlock;
use crate::settings;

settings! {
    /// Settings of the proxies in front of the service. Workers ignore them, because Cloudflare names the client.
    pub struct ProxyConfig;

    /// Proxies in front of the service. The header `PROXY_HEADER` names the client only if the request passed through nothing but these proxies. Without this setting, the client is the peer of the connection.
    TRUSTED_PROXIES trusted: Vec<IpBlock> = "", IpBlock::parse_list, "IP addresses and CIDR blocks separated by commas, such as 10.0.0.0/8, 2001:db8::1";
    /// Header in which the trusted proxies name the client: `x-forwarded-for`, `forwarded` (RFC 7239), or another one that contains a single address, such as `x-real-ip`.
    PROXY_HEADER header: String = "x-forwarded-for", parse::header_name, "the name of a header";
}
