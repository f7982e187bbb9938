//! A user's identities: their accounts at sign-in providers.

pub(crate) mod by_address;
pub(crate) mod identity;
pub(crate) mod link;
pub(crate) mod recent_use;
pub(crate) mod unlink;
pub(crate) mod upstream_token;

use crate::context::service;

service! {
    /// The identities of a session's user.
    Identities
}
