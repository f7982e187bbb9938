//! Message authentication codes: HMAC (RFC 2104).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha384, Sha512};

/// A message authentication code with a shared secret, whose key is already absorbed.
#[derive(Clone)]
pub struct MacKey(Inner);

#[derive(Clone)]
enum Inner {
    Hs256(Box<Hmac<Sha256>>),
    Hs384(Box<Hmac<Sha384>>),
    Hs512(Box<Hmac<Sha512>>),
}

impl MacKey {
    /// Creates the key of a secret for HMAC with SHA-256.
    pub fn hs256(secret: &[u8]) -> Self {
        Self(Inner::Hs256(Box::new(
            Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        )))
    }

    /// Creates the key of a secret for HMAC with SHA-384.
    pub fn hs384(secret: &[u8]) -> Self {
        Self(Inner::Hs384(Box::new(
            Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        )))
    }

    /// Creates the key of a secret for HMAC with SHA-512.
    pub fn hs512(secret: &[u8]) -> Self {
        Self(Inner::Hs512(Box::new(
            Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        )))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Inner::Hs256(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
            Inner::Hs384(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
            Inner::Hs512(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
        }
    }

    /// Compares in constant time, and refuses shortened codes.
    pub(crate) fn verifies(&self, message: &[u8], code: &[u8]) -> bool {
        match &self.0 {
            Inner::Hs256(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(code),
            Inner::Hs384(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(code),
            Inner::Hs512(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(code),
        }
        .is_ok()
    }
}
