//! A key: its identifier, its one algorithm, and its signer or verifier.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_crypto::{MacKey, Signer, Verifier};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::error::KeyError;
use super::jwk::Jwk;
use crate::json;
use crate::platform::Platform;
use crate::secret::SecretKey;

/// The verifying half of a key. For HMAC this is the secret itself.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: String,
    algorithm: Algorithm,
    verifier: Verifier,
    /// `None` for a symmetric key, which is never published.
    pub(super) jwk: Option<Jwk>,
}

impl VerifyingKey {
    /// Parses a public JWK (RFC 7517). Its type determines the algorithm, and `alg` must not name another. If `kid` is
    /// missing, it is the thumbprint (RFC 7638).
    ///
    /// # Errors
    /// The key is of another type, `use` does not allow signatures, or the key is malformed.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        Self::new(json::from_str(jwk).map_err(|_| KeyError::Unsupported)?)
    }

    pub(super) fn new(mut jwk: Jwk) -> Result<Self, KeyError> {
        let (algorithm, verifier) = jwk.verifier()?;
        let thumbprint = jwk.thumbprint();
        let kid = jwk.kid.get_or_insert(thumbprint).clone();
        Ok(Self {
            kid,
            algorithm,
            verifier,
            jwk: Some(jwk),
        })
    }

    /// Creates a key from a shared secret for HMAC.
    fn from_mac_key(algorithm: Algorithm, key: MacKey, secret: &SecretKey) -> Self {
        // Not the thumbprint, which would let anyone test guesses of the secret without a token.
        let mut digest = Sha256::new();
        digest.update(b"gatewright hmac kid\0");
        digest.update(secret.as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(&digest.finalize()[..9]);
        Self {
            kid,
            algorithm,
            verifier: Verifier::mac(key),
            jwk: None,
        }
    }

    /// Returns the key's identifier.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the only algorithm that the key is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns a JWK with `kid`, `alg` and `use`, or `None` for HMAC.
    pub fn jwk(&self) -> Option<String> {
        let jwk = self.jwk.as_ref();
        jwk.map(|jwk| serde_json::to_string(jwk).expect("a JWK is JSON"))
    }

    /// Whether `signature` is this key's signature of `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verifies(message, signature)
    }
}

/// A signing key, with its verifying half.
pub struct SigningKey {
    verifying: VerifyingKey,
    signer: Signer,
}

impl SigningKey {
    /// Creates a key from a shared secret for HMAC.
    ///
    /// # Errors
    /// The algorithm is not an HMAC algorithm.
    pub fn from_secret(algorithm: Algorithm, secret: &SecretKey) -> Result<Self, KeyError> {
        let key = match algorithm {
            Algorithm::Hs256 => MacKey::hs256(secret.as_bytes()),
            Algorithm::Hs384 => MacKey::hs384(secret.as_bytes()),
            Algorithm::Hs512 => MacKey::hs512(secret.as_bytes()),
            Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Rs256 => {
                return Err(KeyError::Unsupported);
            }
        };
        Ok(Self::new(
            VerifyingKey::from_mac_key(algorithm, key.clone(), secret),
            Signer::mac(key),
        ))
    }

    /// Creates the key pair of a private key: a seed (EdDSA) or a scalar (ES256) of 32 bytes. Its identifier is the
    /// thumbprint of the public key.
    ///
    /// # Errors
    /// The algorithm has no key pair that can sign, or the bytes are not a private key of it.
    pub fn from_private(algorithm: Algorithm, private: &[u8]) -> Result<Self, KeyError> {
        let signer = match algorithm {
            Algorithm::EdDsa => <&[u8; 32]>::try_from(private).ok().map(Signer::eddsa),
            #[cfg(feature = "es256")]
            Algorithm::Es256 => Signer::es256(private),
            _ => return Err(KeyError::Unsupported),
        };
        let signer = signer.ok_or(KeyError::Malformed)?;
        let key = signer.public_key().ok_or(KeyError::Unsupported)?;
        Ok(Self::new(VerifyingKey::new(Jwk::of(&key))?, signer))
    }

    /// Returns the same key with another identifier, by which its owner's peer knows it.
    pub(crate) fn with_kid(mut self, kid: &str) -> Self {
        if let Some(jwk) = &mut self.verifying.jwk {
            jwk.kid = Some(kid.to_owned());
        }
        kid.clone_into(&mut self.verifying.kid);
        self
    }

    fn new(verifying: VerifyingKey, signer: Signer) -> Self {
        Self { verifying, signer }
    }

    /// Generates the private half of a key pair.
    pub(crate) fn generate<P: Platform>(
        platform: &P,
        algorithm: Algorithm,
    ) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let mut private = Zeroizing::new([0; 32]);
        loop {
            platform.fill_random(private.as_mut());
            match Self::from_private(algorithm, private.as_ref()) {
                Ok(_) => return Ok(private),
                // One in 2^32 strings is not a scalar of P-256.
                Err(KeyError::Malformed) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the verifying half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// Returns the public half as a JWK with `kid`, `alg` and `use`, or `None` for HMAC.
    pub fn public_jwk(&self) -> Option<String> {
        self.verifying.jwk()
    }

    /// Returns a compact JWS (RFC 7515 section 3.1) of JSON claims, with `typ`, `alg` and `kid` in its header.
    pub fn sign(&self, typ: &str, claims: &impl serde::Serialize) -> String {
        let header = serde_json::json!({"alg": self.verifying.algorithm.as_str(), "typ": typ, "kid": self.verifying.kid});
        let claims = serde_json::to_vec(claims).expect("claims are JSON");
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.signer.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}
