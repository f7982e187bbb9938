//! The keys that sign and verify access tokens.

pub(crate) mod cache;
pub(crate) mod current;
pub(crate) mod rotation;

use crate::context::service;

service! {
    /// The keys that sign and verify access tokens.
    SigningKeys
}
