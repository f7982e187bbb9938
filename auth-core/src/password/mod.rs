//! Passwords: which are accepted, and how they are kept.

mod hasher;
mod policy;

pub use hasher::{Hasher, Parameters, PasswordHashError};
pub(crate) use policy::{check, normalize};
