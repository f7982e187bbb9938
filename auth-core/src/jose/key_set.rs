//! The keys of an issuer: one that signs, and all that verify.

use super::{SigningKey, VerifyingKey};

/// Keys by `kid`. Fixed once made; a change of keys is a new set.
pub struct KeySet {
    signing: Option<SigningKey>,
    verifying: Vec<VerifyingKey>,
    jwks: String,
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
    pub fn from_jwks(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Keys {
            keys: Vec<serde_json::Value>,
        }
        let keys = serde_json::from_str::<Keys>(json)?.keys;
        let verifying = keys.iter().filter_map(|key| VerifyingKey::from_jwk(&key.to_string()).ok()).collect();
        Ok(Self::with(None, verifying))
    }

    fn with(signing: Option<SigningKey>, verifying: Vec<VerifyingKey>) -> Self {
        let keys: Vec<_> = verifying.iter().filter_map(|key| key.jwk.as_ref()).collect();
        let jwks = serde_json::json!({ "keys": keys }).to_string();
        Self { signing, verifying, jwks }
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
