//! Finds the client's address where reverse proxies stand in front of the service.

mod address;
pub(crate) mod client;
mod forwarded;
