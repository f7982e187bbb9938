//! The keys of an issuer: one to sign, and all to verify.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::key::{SigningKey, VerifyingKey};
use crate::json;

/// A set of keys by `kid`. It is immutable; changed keys are a new set.
pub struct KeySet {
    signing: Option<SigningKey>,
    verifying: Vec<VerifyingKey>,
    jwks: String,
    pub(super) verified: VerifiedPayloads,
}

/// A JSON Web Key Set (RFC 7517 section 5).
#[derive(Serialize, Deserialize)]
struct JwkSet<Key> {
    keys: Vec<Key>,
}

impl KeySet {
    /// Creates a set that signs with one key, and verifies with it and with others.
    pub fn new(signing: SigningKey, others: Vec<VerifyingKey>) -> Self {
        let mut verifying = vec![signing.verifying_key().clone()];
        verifying.extend(others);
        Self::with(Some(signing), verifying)
    }

    /// Creates a set that only verifies, from a JSON Web Key Set (RFC 7517 section 5). Keys of other algorithms are
    /// skipped, because readers must ignore unknown keys.
    ///
    /// # Errors
    /// The text is not a JSON Web Key Set.
    pub fn from_jwks(jwks: &str) -> Result<Self, serde_json::Error> {
        let verifying = json::from_str::<JwkSet<&RawValue>>(jwks)?
            .keys
            .into_iter()
            .filter_map(|key| VerifyingKey::from_jwk(key.get()).ok())
            .collect();
        Ok(Self::with(None, verifying))
    }

    fn with(signing: Option<SigningKey>, verifying: Vec<VerifyingKey>) -> Self {
        let keys: Vec<_> = verifying
            .iter()
            .filter_map(|key| key.jwk.as_ref())
            .collect();
        let jwks = serde_json::to_string(&JwkSet { keys }).expect("JWKs are JSON");
        Self {
            signing,
            verifying,
            jwks,
            verified: VerifiedPayloads::default(),
        }
    }

    /// Returns the signing key, or `None` if the set was created from a JSON Web Key Set.
    pub fn signing_key(&self) -> Option<&SigningKey> {
        self.signing.as_ref()
    }

    /// Returns the key with this identifier.
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.verifying.iter().find(|key| key.kid() == kid)
    }

    /// Returns the public keys as a JSON Web Key Set (RFC 7517 section 5). Shared secrets are not included.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// A cache of the payloads of tokens whose signature a key of the set has verified, by the SHA-256 of the whole token.
///
/// A client presents one token many times, and a signature that was valid once is valid again under the same key. The
/// claims are checked each time. Only verified payloads are added, and the number is limited: when the newer half is
/// full, the older half is removed.
#[derive(Default)]
pub(super) struct VerifiedPayloads(Mutex<Generations>);

type Payloads = HashMap<[u8; 32], Vec<u8>>;

#[derive(Default)]
struct Generations {
    newer: Payloads,
    older: Payloads,
}

impl VerifiedPayloads {
    /// The maximum number of payloads in each half.
    const HALF: usize = 512;

    /// Returns the payload of a token that was verified before, or the result of `verify`.
    pub(super) fn get_or_verify<E>(
        &self,
        token: &str,
        verify: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let digest = Sha256::digest(token).into();
        {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(payload) = kept.newer.get(&digest).or_else(|| kept.older.get(&digest)) {
                return Ok(payload.clone());
            }
        }
        let payload = verify()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.newer.len() >= Self::HALF {
            kept.older = std::mem::take(&mut kept.newer);
        }
        kept.newer.insert(digest, payload.clone());
        Ok(payload)
    }
}
