//! Passwords: policy, storage and verification.

pub(crate) mod acceptance;
pub(crate) mod admission;
pub(crate) mod breach;
pub(crate) mod comparison;
mod cost;
pub(crate) mod cost_cache;
pub(crate) mod costliest;
mod django;
pub(crate) mod equal_work;
pub(crate) mod error;
mod foreign;
mod form;
pub(crate) mod hasher;
mod memory;
pub(crate) mod parameters;
pub(crate) mod policy;
mod stored;
pub(crate) mod work;

pub use error::PasswordHashError;
pub use form::Nfkc;
pub use hasher::Hasher;
pub use parameters::Parameters;
pub use policy::normalize;
pub use stored::supported;
pub use work::HashKind;
