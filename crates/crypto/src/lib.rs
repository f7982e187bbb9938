//! Cryptography that takes long: signatures, PBKDF2, and base64url of public text.
//!
//! Modules of WebAssembly are compiled for size, except for this crate and the libraries that it uses. So code belongs
//! here if its speed is noticed: each request verifies a signature or decodes a token.
//!
//! ```
//! use gatewright_crypto::{PublicKey, Signer, Verifier};
//!
//! let signer = Signer::eddsa(&[7; 32]);
//! let signature = signer.sign(b"message");
//! let Some(PublicKey::Ed25519(key)) = signer.public_key() else { unreachable!() };
//! let verifier = Verifier::eddsa(&key).expect("the key is a point");
//! assert!(verifier.verifies(b"message", &signature));
//! assert!(!verifier.verifies(b"another", &signature));
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

pub mod base64url;
mod comb;
mod eddsa;
#[cfg(feature = "es256")]
mod es256;
mod mac;
pub mod pbkdf2;
#[cfg(feature = "rs256")]
mod rsa;
mod signature;

#[cfg(feature = "rs256")]
pub use self::rsa::RsaKey;
pub use mac::MacKey;
pub use signature::{PublicKey, Signer, Verifier};
