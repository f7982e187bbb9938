//! Public keys as JSON Web Keys (RFC 7517), of the types that RFC 7518 and RFC 8037 define for signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
#[cfg(feature = "rs256")]
use gatewright_crypto::RsaKey;
use gatewright_crypto::base64url::decode;
use gatewright_crypto::{PublicKey, Verifier};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;
use super::error::KeyError;

/// The members of a public key. Others, especially private ones, are not read and so never passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Jwk {
    pub kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub used_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl Jwk {
    /// Returns the JWK of a public key.
    pub(super) fn of(key: &PublicKey) -> Self {
        match key {
            PublicKey::Ed25519(x) => Self::new("OKP", "Ed25519", x, None, Algorithm::EdDsa),
            #[cfg(feature = "es256")]
            PublicKey::P256 { x, y } => Self::new("EC", "P-256", x, Some(y), Algorithm::Es256),
        }
    }

    fn new(kty: &str, crv: &str, x: &[u8; 32], y: Option<&[u8; 32]>, algorithm: Algorithm) -> Self {
        let encode = |bytes: &[u8; 32]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = Self {
            kty: kty.to_owned(),
            crv: Some(crv.to_owned()),
            x: Some(encode(x)),
            y: y.map(encode),
            n: None,
            e: None,
            alg: Some(algorithm.as_str().to_owned()),
            used_for: Some("sig".to_owned()),
            kid: None,
        };
        jwk.kid = Some(jwk.thumbprint());
        jwk
    }

    /// Returns the key's algorithm, determined by its type, and its verifier.
    ///
    /// # Errors
    /// The key is of another type, names another algorithm or use, or its material is malformed.
    pub(super) fn verifier(&self) -> Result<(Algorithm, Verifier), KeyError> {
        let (algorithm, verifier) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => (Algorithm::EdDsa, Verifier::eddsa(&coordinate(&self.x)?)),
            #[cfg(feature = "es256")]
            ("EC", Some("P-256")) => {
                let (x, y) = (coordinate(&self.x)?, coordinate(&self.y)?);
                (Algorithm::Es256, Verifier::es256(&x, &y))
            }
            #[cfg(feature = "rs256")]
            ("RSA", None) => (Algorithm::Rs256, Some(Verifier::rs256(self.rsa()?))),
            _ => return Err(KeyError::Unsupported),
        };
        let verifier = verifier.ok_or(KeyError::Malformed)?;
        self.allows(algorithm.as_str())?;
        Ok((algorithm, verifier))
    }

    /// Whether `signature` is the key's signature of `message` by this algorithm of RFC 7518, one of those that
    /// providers sign their tokens with: RS256, RS384, RS512, PS256, ES256 or EdDSA.
    ///
    /// # Errors
    /// The algorithm is not one of the key, or the errors of [`verifier`](Self::verifier).
    pub(crate) fn verifies(
        &self,
        algorithm: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, KeyError> {
        match (self.kty.as_str(), algorithm) {
            #[cfg(feature = "rs256")]
            ("RSA", "RS384" | "RS512" | "PS256") => {
                self.allows(algorithm)?;
                Ok(self.rsa()?.verifies(algorithm, message, signature))
            }
            _ => {
                let (own, verifier) = self.verifier()?;
                if own.as_str() != algorithm {
                    return Err(KeyError::Unsupported);
                }
                Ok(verifier.verifies(message, signature))
            }
        }
    }

    /// Returns the key of RSA.
    #[cfg(feature = "rs256")]
    fn rsa(&self) -> Result<RsaKey, KeyError> {
        RsaKey::new(&bytes(&self.n)?, &bytes(&self.e)?).ok_or(KeyError::Malformed)
    }

    /// Refuses a key that names another algorithm, or another use than signatures.
    fn allows(&self, algorithm: &str) -> Result<(), KeyError> {
        let differs = |member: &Option<String>, wanted| {
            member.as_deref().is_some_and(|named| named != wanted)
        };
        if differs(&self.alg, algorithm) || differs(&self.used_for, "sig") {
            return Err(KeyError::Unsupported);
        }
        Ok(())
    }

    /// Returns the SHA-256 of the required members in their canonical form (RFC 7638), in base64url.
    pub(super) fn thumbprint(&self) -> String {
        /// Sorted by name, as in the canonical form.
        #[derive(Serialize)]
        struct Required<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            crv: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            e: Option<&'a str>,
            kty: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            n: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            x: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            y: Option<&'a str>,
        }
        let required = Required {
            crv: self.crv.as_deref(),
            e: self.e.as_deref(),
            kty: &self.kty,
            n: self.n.as_deref(),
            x: self.x.as_deref(),
            y: self.y.as_deref(),
        };
        let canonical = serde_json::to_vec(&required).expect("strings are JSON");
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
    }
}

/// Decodes a member that the key's type requires.
fn bytes(member: &Option<String>) -> Result<Vec<u8>, KeyError> {
    let text = member.as_deref().ok_or(KeyError::Malformed)?;
    decode(text).ok_or(KeyError::Malformed)
}

/// Decodes a member of 32 bytes.
fn coordinate(member: &Option<String>) -> Result<[u8; 32], KeyError> {
    bytes(member)?.try_into().map_err(|_| KeyError::Malformed)
}
