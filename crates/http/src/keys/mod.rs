//! The signing keys of access tokens.

pub(crate) mod jwks;
pub(crate) mod signing_keys;
