//! Headers between a host and the service.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

/// Header by which a host tells the address of the client, with or without a port; Spin gives it this name. A host
/// must remove it from what a client sends.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");

/// Header by which a host asks whether the body of a request may be longer than [`MAX_BODY`](crate::limits::MAX_BODY), before it
/// reads the body. The answer is 204, or the error that refuses the request. The request has no other effect, whoever
/// sends it.
pub const HEAD_ONLY: HeaderName = HeaderName::from_static("gatewright-head-only");

/// Header that names a request in logs; a client's own is kept if it is short and plain.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's address as the host vouches for it in [`CLIENT_ADDRESS`]. The last header counts, as Spin adds its own to
/// what the client sent.
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
