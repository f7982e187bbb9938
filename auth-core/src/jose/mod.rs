//! JSON Web Keys, signatures and access tokens (RFC 7515, 7517, 7518, 7519, 8037, 9068).
//!
//! Keys are parsed once and kept ready. Nothing here needs a random source or names JavaScript, so a component built
//! from it imports only what the contract names.

mod access_token;
pub(crate) mod algorithm;
mod claims;
pub(crate) mod compact;
mod error;
pub(crate) mod jwk;
mod key;
mod key_set;

pub use algorithm::Algorithm;
pub use claims::{ActorClaim, Audience, Claims, Expectations};
pub use error::KeyError;
pub use key::{SigningKey, VerifyingKey};
pub use key_set::KeySet;
