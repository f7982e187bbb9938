//! The signature algorithms: bytes in, bytes out.

use std::sync::Arc;

use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha384, Sha512};

use super::eddsa::EdDsaKey;
#[cfg(feature = "es256")]
use super::es256::Es256Key;

/// A message authentication code with a shared secret, whose key is already absorbed.
#[derive(Clone)]
pub(super) enum MacKey {
    Hs256(Box<Hmac<Sha256>>),
    Hs384(Box<Hmac<Sha384>>),
    Hs512(Box<Hmac<Sha512>>),
}

impl MacKey {
    pub(super) fn hs256(secret: &[u8]) -> Self {
        Self::Hs256(Box::new(
            Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        ))
    }

    pub(super) fn hs384(secret: &[u8]) -> Self {
        Self::Hs384(Box::new(
            Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        ))
    }

    pub(super) fn hs512(secret: &[u8]) -> Self {
        Self::Hs512(Box::new(
            Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        ))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Hs256(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
            Self::Hs384(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
            Self::Hs512(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
        }
    }

    /// Compares in constant time, and refuses shortened codes.
    fn verifies(&self, message: &[u8], code: &[u8]) -> bool {
        match self {
            Self::Hs256(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(code),
            Self::Hs384(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(code),
            Self::Hs512(mac) => mac
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(code),
        }
        .is_ok()
    }
}

/// The verifier of signatures. Clones share the tables of a key.
#[derive(Clone)]
pub(super) enum Verifier {
    EdDsa(Arc<EdDsaKey>),
    #[cfg(feature = "es256")]
    Es256(Arc<Es256Key>),
    #[cfg(feature = "rs256")]
    Rs256(rsa::PublicKey),
    Mac(MacKey),
}

impl Verifier {
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::EdDsa(key) => key.verifies(message, signature),
            #[cfg(feature = "es256")]
            Self::Es256(key) => key.verifies(message, signature),
            #[cfg(feature = "rs256")]
            Self::Rs256(key) => key
                .verify(
                    rsa::Pkcs1v15Sign::new::<Sha256>(),
                    &<Sha256 as sha2::Digest>::digest(message),
                    signature,
                )
                .is_ok(),
            Self::Mac(key) => key.verifies(message, signature),
        }
    }
}

/// The creator of signatures. It is wiped when dropped, because its keys are.
pub(super) enum Signer {
    EdDsa(Box<ed25519_dalek::SigningKey>),
    #[cfg(feature = "es256")]
    Es256(Box<p256::ecdsa::SigningKey>),
    Mac(MacKey),
}

impl Signer {
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::EdDsa(key) => key.sign(message).to_bytes().to_vec(),
            #[cfg(feature = "es256")]
            Self::Es256(key) => {
                // Deterministic nonces (RFC 6979): the same key and message give the same bytes.
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::signature::Signer::sign(key.as_ref(), message);
                signature.to_bytes().to_vec()
            }
            Self::Mac(key) => key.sign(message),
        }
    }
}
