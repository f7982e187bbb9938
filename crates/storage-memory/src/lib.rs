//! An example of a provider, and the simplest implementation of the storage contract: everything is in memory and lost
//! when the instance ends.
//!
//! [`MemoryStorage`] is also the reference that other storages are compared with. `components/memory` is it as a component.

#![forbid(unsafe_code)]

mod active;
mod audit;
mod built_in;
mod credentials;
mod documents;
mod ended;
mod identities;
mod maintenance;
mod one_time_secrets;
mod range;
mod rate_limits;
mod roles;
mod sessions;
mod signing_keys;
mod state;
mod users;

pub use state::MemoryStorage;
