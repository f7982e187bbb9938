//! Detection of the client address behind reverse proxies.

mod address;
mod forwarded;
pub(crate) mod trust;
