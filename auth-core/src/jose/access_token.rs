//! Access tokens: JWTs in the profile of RFC 9068, checked as RFC 8725 asks.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::algorithm::Algorithm;
use super::base64url::decode;
use super::claims::{Borrowed, Claims, Expectations, Strings, parse};
use super::key::VerifyingKey;
use super::key_set::KeySet;
use crate::error::AccessTokenError;

/// Longest token that is looked at, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// `typ` of access tokens (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Borrowed<'a>,
    #[serde(borrow, default)]
    typ: Option<Borrowed<'a>>,
    #[serde(borrow, default)]
    kid: Option<Borrowed<'a>>,
    #[serde(default)]
    crit: Present,
    #[serde(default)]
    b64: Present,
}

/// Whether a member is there, whatever it holds.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

impl KeySet {
    /// A signed access token of these claims; none when the set can't sign.
    pub fn issue(&self, claims: &Claims) -> Option<String> {
        Some(self.signing_key()?.sign(TYPE, claims))
    }

    /// The claims of an access token that was signed by a key of the set and says what is expected.
    ///
    /// The key is chosen by `kid` and fixes the algorithm: `alg` must name it and decides nothing. Headers that
    /// point to keys elsewhere (`jwk`, `jku`, `x5u`) are never followed.
    ///
    /// # Errors
    /// The first check that failed, in the order of [`AccessTokenError`]'s variants.
    pub fn verify(
        &self,
        token: &str,
        expected: &Expectations<'_>,
    ) -> Result<Claims, AccessTokenError> {
        let payload = self
            .verified
            .get_or_verify(token, || self.verify_signature(token, TYPE))?;
        Claims::checked(&payload, expected)
    }

    /// As [`verify`](Self::verify), with the claims as the JSON that was signed. Nothing is kept of the token.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_payload(
        &self,
        token: &str,
        expected: &Expectations<'_>,
    ) -> Result<Vec<u8>, AccessTokenError> {
        self.verify_payload_by(token, expected, VerifyingKey::verifies)
    }

    /// As [`verify_payload`](Self::verify_payload), where somebody else says whether a signature (the last argument) is a
    /// key's over a message.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_payload_by(
        &self,
        token: &str,
        expected: &Expectations<'_>,
        verifies: impl FnOnce(&VerifyingKey, &[u8], &[u8]) -> bool,
    ) -> Result<Vec<u8>, AccessTokenError> {
        let payload = self.signed_payload(token, TYPE, verifies)?;
        Claims::<Borrowed<'_>, Strings>::checked(&payload, expected)?;
        Ok(payload)
    }

    /// The payload of a compact JWS of type `typ` that a key of the set signed.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), up to the signature.
    pub fn verify_signature(&self, token: &str, typ: &str) -> Result<Vec<u8>, AccessTokenError> {
        self.signed_payload(token, typ, VerifyingKey::verifies)
    }

    fn signed_payload(
        &self,
        token: &str,
        typ: &str,
        verifies: impl FnOnce(&VerifyingKey, &[u8], &[u8]) -> bool,
    ) -> Result<Vec<u8>, AccessTokenError> {
        if token.len() > MAX_LEN {
            return Err(AccessTokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(AccessTokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(AccessTokenError::Malformed)?;
        let decode = |part| decode(part).ok_or(AccessTokenError::Malformed);
        let header = decode(header)?;
        let header: Header<'_> = parse(&header)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        if header.crit.0 || header.b64.0 {
            return Err(AccessTokenError::Malformed);
        }
        // RFC 7515 section 4.1.9: a media type without its `application/`, compared without case.
        let named = header.typ.as_ref().map_or("", AsRef::as_ref);
        let named = match named.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => named,
        };
        if !named.eq_ignore_ascii_case(typ) {
            return Err(AccessTokenError::TypeMismatch);
        }
        let key = header
            .kid
            .and_then(|kid| self.find(kid.as_ref()))
            .ok_or(AccessTokenError::KeyUnknown)?;
        if Algorithm::parse(header.alg.as_ref()) != Some(key.algorithm()) {
            return Err(AccessTokenError::AlgorithmMismatch);
        }
        if !verifies(key, message.as_bytes(), &signature) {
            return Err(AccessTokenError::SignatureInvalid);
        }
        Ok(payload)
    }
}
