//! Passwords: which are accepted, and how they are kept.

mod foreign;
mod hasher;
mod policy;

pub use hasher::{Hasher, Parameters, PasswordHashError, supported};
pub(crate) use policy::{check, normalize};
