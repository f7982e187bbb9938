//! Public keys as JSON Web Keys (RFC 7517), of the types that RFC 7518 and RFC 8037 define for signatures.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;
use super::base64url::decode;
use super::eddsa::EdDsaKey;
use super::error::KeyError;
#[cfg(feature = "es256")]
use super::es256::Es256Key;
use super::signature::Verifier;

/// The members of a public key. Others, especially private ones, are not read and so never passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Jwk {
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

/// The minimum and maximum number of bits of an RSA modulus. RFC 7518 section 3.3 requires 2048; verification with more
/// than 8192 would be too expensive.
#[cfg(feature = "rs256")]
const RSA_BITS: core::ops::RangeInclusive<u32> = 2048..=8192;

impl Jwk {
    /// Returns the JWK of an Ed25519 key.
    pub(super) fn ed25519(key: &ed25519_dalek::VerifyingKey) -> Self {
        Self::new(
            "OKP",
            Some("Ed25519"),
            Some(key.as_bytes()),
            None,
            Algorithm::EdDsa,
        )
    }

    /// Returns the JWK of a P-256 key.
    #[cfg(feature = "es256")]
    pub(super) fn p256(key: &p256::ecdsa::VerifyingKey) -> Self {
        let point = key.to_sec1_point(false);
        Self::new(
            "EC",
            Some("P-256"),
            point.x().map(AsRef::as_ref),
            point.y().map(AsRef::as_ref),
            Algorithm::Es256,
        )
    }

    fn new(
        kty: &str,
        crv: Option<&str>,
        x: Option<&[u8]>,
        y: Option<&[u8]>,
        algorithm: Algorithm,
    ) -> Self {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = Self {
            kty: kty.to_owned(),
            crv: crv.map(str::to_owned),
            x: x.map(encode),
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
        let bytes = |member: &Option<String>| {
            let text = member.as_deref().ok_or(KeyError::Malformed)?;
            decode(text).ok_or(KeyError::Malformed)
        };
        let (algorithm, verifier) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => {
                let key = bytes(&self.x)?
                    .try_into()
                    .ok()
                    .and_then(|x| ed25519_dalek::VerifyingKey::from_bytes(&x).ok());
                (
                    Algorithm::EdDsa,
                    Verifier::EdDsa(Arc::new(EdDsaKey::new(key.ok_or(KeyError::Malformed)?))),
                )
            }
            #[cfg(feature = "es256")]
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(KeyError::Malformed);
                }
                // SEC 1 section 2.3.3: 4 marks an uncompressed point.
                let key =
                    p256::ecdsa::VerifyingKey::from_sec1_bytes(&[&[4], x.as_slice(), &y].concat());
                (
                    Algorithm::Es256,
                    Verifier::Es256(Arc::new(Es256Key::new(
                        key.map_err(|_| KeyError::Malformed)?,
                    ))),
                )
            }
            #[cfg(feature = "rs256")]
            ("RSA", None) => {
                let integer = |bytes: Vec<u8>| rsa::BoxedUint::from_be_slice_vartime(&bytes);
                let (n, e) = (integer(bytes(&self.n)?), integer(bytes(&self.e)?));
                if !RSA_BITS.contains(&n.bit_width_vartime()) {
                    return Err(KeyError::Malformed);
                }
                (
                    Algorithm::Rs256,
                    Verifier::Rs256(rsa::PublicKey::new(n, e).map_err(|_| KeyError::Malformed)?),
                )
            }
            _ => return Err(KeyError::Unsupported),
        };
        let other_algorithm = self
            .alg
            .as_deref()
            .is_some_and(|named| named != algorithm.as_str());
        if other_algorithm || self.used_for.as_deref().is_some_and(|used| used != "sig") {
            return Err(KeyError::Unsupported);
        }
        Ok((algorithm, verifier))
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
