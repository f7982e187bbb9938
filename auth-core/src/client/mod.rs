//! The client that sends a request: its address, program and device.

pub(crate) mod device_name;
pub(crate) mod device_token;
pub(crate) mod ip_block;
pub(crate) mod network;

use core::net::IpAddr;

use crate::client::device_token::DeviceToken;

/// The client that sends a request, as far as the host knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Address of the client, which the host vouches for.
    pub ip: Option<IpAddr>,
    /// `User-Agent`, cut to 512 bytes.
    pub user_agent: Option<String>,
    /// Identifier of the request, for the audit log.
    pub request_id: Option<String>,
    /// Token that the device kept from an earlier login.
    pub device: Option<DeviceToken>,
}
