//! Headers exchanged between a host and the service.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

/// Header in which a host sends the client address, with or without a port. The name is that of Spin. A host must
/// remove this header from client requests.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");

/// Header with which a host asks, before it reads a body, whether the body can be longer than
/// [`MAX_BODY`](crate::limits::MAX_BODY). The answer is 204, or the error that refuses the request. The request has no
/// other effect, regardless of the sender.
pub const HEAD_ONLY: HeaderName = HeaderName::from_static("gatewright-head-only");

/// Header with the request ID for logs. The ID of a client is kept if it is short and has only plain characters.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the client address that the host sent in [`CLIENT_ADDRESS`]. The last header counts, because Spin appends
/// its own to those of the client.
pub fn client_address(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(CLIENT_ADDRESS).iter().next_back()?;
    let text = last.to_str().ok()?;
    let address = text.parse::<SocketAddr>().map(|address| address.ip());
    let address = address.or_else(|_| text.parse()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_say_its_own_address() {
        let mut headers = HeaderMap::new();
        headers.append(CLIENT_ADDRESS, "192.0.2.1:5".parse().unwrap());
        headers.append(CLIENT_ADDRESS, "[2001:db8::1]:443".parse().unwrap());
        assert_eq!(client_address(&headers), "2001:db8::1".parse().ok());
    }
}
