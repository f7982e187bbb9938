//! Passwords: which are accepted, and how they are kept.

mod breach;
mod cost;
mod django;
mod foreign;
mod hasher;
mod memory;
mod policy;
mod work;

pub(crate) use breach::Question;
pub use hasher::{Hasher, Parameters, PasswordHashError, supported};
pub(crate) use policy::check;
pub use policy::normalize;
pub use work::HashKind;
pub(crate) use work::{Costliest, Work};
