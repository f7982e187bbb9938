//! The keys of an issuer: one that signs, and all that verify.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::key::{SigningKey, VerifyingKey};
use crate::json;

/// Keys by `kid`. Fixed once made; a change of keys is a new set.
pub struct KeySet {
    signing: Option<SigningKey>,
    verifying: Vec<VerifyingKey>,
    jwks: String,
    pub(super) verified: VerifiedPayloads,
}

/// A JWK Set (RFC 7517 section 5).
#[derive(Serialize, Deserialize)]
struct JwkSet<Key> {
    keys: Vec<Key>,
}

impl KeySet {
    /// A set that signs with one key, and verifies with it and with others.
    pub fn new(signing: SigningKey, others: Vec<VerifyingKey>) -> Self {
        let mut verifying = vec![signing.verifying_key().clone()];
        verifying.extend(others);
        Self::with(Some(signing), verifying)
    }

    /// A set that verifies only, from a JWK Set (RFC 7517 section 5). Keys of other algorithms are left out, as
    /// its readers must ignore what they don't know.
    ///
    /// # Errors
    /// The text is not a JWK Set.
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

    /// The key that signs; none in a set made from a JWK Set.
    pub fn signing_key(&self) -> Option<&SigningKey> {
        self.signing.as_ref()
    }

    /// The key of that identifier.
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.verifying.iter().find(|key| key.kid() == kid)
    }

    /// The public keys as a JWK Set (RFC 7517 section 5). Shared secrets are not in it.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// Payloads of tokens whose signature a key of the set has verified, by the SHA-256 of the whole token.
///
/// A client presents one token many times in its life, and a signature that held once holds again under the same
/// key. What the claims say is checked each time. Nothing that was not verified gets in, and the number is bounded:
/// the older half goes when the newer one is full.
#[derive(Default)]
pub(super) struct VerifiedPayloads(Mutex<Generations>);

type Payloads = HashMap<[u8; 32], Vec<u8>>;

#[derive(Default)]
struct Generations {
    newer: Payloads,
    older: Payloads,
}

impl VerifiedPayloads {
    /// Most payloads of each half.
    const HALF: usize = 512;

    /// The payload of a token that was verified before, or what `verify` finds now.
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
