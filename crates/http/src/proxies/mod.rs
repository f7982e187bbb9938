//! Finds the client's address where reverse proxies stand in front of the service.

mod address;
mod forwarded;
pub(crate) mod trust;
