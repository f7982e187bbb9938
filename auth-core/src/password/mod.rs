//! Passwords: which are accepted, and how they are kept.

mod breach;
mod cost;
mod error;
mod foreign;
mod form;
mod hasher;
mod memory;
pub(crate) mod parameters;
mod policy;
mod scrypt;
mod stored;
mod work;

pub(crate) use breach::Question;
pub use error::PasswordHashError;
pub use hasher::Hasher;
pub use parameters::Parameters;
pub(crate) use policy::check;
pub use policy::normalize;
pub use stored::supported;
pub use work::HashKind;
pub(crate) use work::{Costliest, Work};
