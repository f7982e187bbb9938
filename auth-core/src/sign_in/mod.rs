//! Sign-in.

pub(crate) mod challenge;
pub(crate) mod known_device;
pub(crate) mod login;
pub(crate) mod policy;
pub(crate) mod proof;
pub(crate) mod reauthentication;
pub(crate) mod verification;

use crate::context::service;

service! {
    /// Sign-in.
    SignIn
}
