//! Who sends a request: its address, its program and its device.

pub(crate) mod device_name;
pub(crate) mod device_token;
pub(crate) mod ip_block;
pub(crate) mod network;

use core::net::IpAddr;

use crate::client::device_token::DeviceToken;

/// Who sends a request, as far as the host knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Address of the peer, as the host vouches for it.
    pub ip: Option<IpAddr>,
    /// `User-Agent`, cut to 512 bytes.
    pub user_agent: Option<String>,
    /// Identifier of the request, for the audit log.
    pub request_id: Option<String>,
    /// What the device kept of an earlier login.
    pub device: Option<DeviceToken>,
}
