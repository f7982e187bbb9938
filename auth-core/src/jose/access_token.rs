//! Access tokens: JWTs in the profile of RFC 9068, validated as RFC 8725 recommends.

use super::algorithm::Algorithm;
use super::claims::{Borrowed, Claims, Expectations, Strings};
use super::compact::Compact;
use super::key::VerifyingKey;
use super::key_set::KeySet;
use crate::error::AccessTokenError;

/// The maximum length of a token that is verified, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// The `typ` of access tokens (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";

impl KeySet {
    /// Returns a signed access token with these claims, or `None` if the set can't sign.
    pub fn issue(&self, claims: &Claims) -> Option<String> {
        Some(self.signing_key()?.sign(TYPE, claims))
    }

    /// Verifies an access token, and returns its claims. The token must be signed by a key of the set and meet the
    /// expectations.
    ///
    /// The key is chosen by `kid` and determines the algorithm: `alg` must match it and decides nothing. Headers that
    /// refer to other keys (`jwk`, `jku`, `x5u`) are never followed.
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

    /// Works like [`verify`](Self::verify), but returns the claims as the signed JSON. Nothing is cached.
    ///
    /// # Errors
    /// The errors of [`verify`](Self::verify).
    pub fn verify_payload(
        &self,
        token: &str,
        expected: &Expectations<'_>,
    ) -> Result<Vec<u8>, AccessTokenError> {
        self.verify_payload_by(token, expected, VerifyingKey::verifies)
    }

    /// Works like [`verify_payload`](Self::verify_payload), with a function `verifies` that checks a key's signature
    /// (the last argument) of a message.
    ///
    /// # Errors
    /// The errors of [`verify`](Self::verify).
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

    /// Returns the payload of a compact JWS of type `typ` that a key of the set signed.
    ///
    /// # Errors
    /// The errors of [`verify`](Self::verify), up to the signature.
    pub fn verify_signature(&self, token: &str, typ: &str) -> Result<Vec<u8>, AccessTokenError> {
        self.signed_payload(token, typ, VerifyingKey::verifies)
    }

    fn signed_payload(
        &self,
        token: &str,
        typ: &str,
        verifies: impl FnOnce(&VerifyingKey, &[u8], &[u8]) -> bool,
    ) -> Result<Vec<u8>, AccessTokenError> {
        let token = Compact::split(token, MAX_LEN).ok_or(AccessTokenError::Malformed)?;
        let header = token.header().ok_or(AccessTokenError::Malformed)?;
        if !header.typ().eq_ignore_ascii_case(typ) {
            return Err(AccessTokenError::TypeMismatch);
        }
        let key = header
            .kid()
            .and_then(|kid| self.find(kid))
            .ok_or(AccessTokenError::KeyUnknown)?;
        if Algorithm::parse(header.alg()) != Some(key.algorithm()) {
            return Err(AccessTokenError::AlgorithmMismatch);
        }
        if !verifies(key, token.message, &token.signature) {
            return Err(AccessTokenError::SignatureInvalid);
        }
        Ok(token.payload)
    }
}
