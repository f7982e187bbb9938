//! The keys that sign access tokens.

pub(crate) mod jwks;
pub(crate) mod signing_keys;
