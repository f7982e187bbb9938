//! ID tokens, validated in full (OpenID Connect Core section 3.1.3.7).
//!
//! They are validated also where they come straight from the token endpoint.

pub(crate) mod error;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use self::error::IdTokenError;
use crate::federation::issuer::is_issuer;
use crate::federation::jwks::JwkSet;
use crate::federation::provider::SUBJECT_MAX;
use crate::jose::Audience;
use crate::jose::compact::Compact;
use crate::json;
use crate::time::Timestamp;

/// The maximum length of a token in bytes.
pub(super) const MAX_LEN: usize = 16 << 10;

/// The conditions that an ID token must meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The issuers that the provider may call itself. In one, `{tenantid}` stands for the token's own `tid`.
    pub(crate) issuers: &'a [&'a str],
    /// The client that the token must be for.
    pub(crate) client_id: &'a str,
    /// The nonce that was sent.
    pub(crate) nonce: &'a str,
    /// The access token that came along.
    pub(crate) access_token: &'a str,
    /// The time at which the person must have signed in or later: that of the request, minus its `max_age`.
    pub(crate) authenticated_since: Option<Timestamp>,
    /// The time to check against.
    pub(crate) now: Timestamp,
    /// The number of seconds by which the issuer's clock can differ.
    pub(crate) clock_tolerance: u64,
}

/// A validated ID token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IdToken {
    /// The person's identifier at the issuer.
    pub(crate) subject: String,
    /// The tenant of the issuer, a UUID where the expected issuer has `{tenantid}`.
    pub(crate) tenant: Option<String>,
    /// All claims.
    pub(crate) claims: Map<String, Value>,
}

/// The claims that are checked. Times may have a fraction (RFC 7519 section 2).
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    auth_time: Option<f64>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    at_hash: Option<String>,
    #[serde(default)]
    tid: Option<String>,
}

impl IdToken {
    /// Validates a token with the keys of its issuer.
    ///
    /// # Errors
    /// The first check that failed: the form, the signature, then the claims.
    pub(crate) fn validate(
        token: &str,
        keys: &JwkSet,
        expected: &Expected<'_>,
    ) -> Result<Self, IdTokenError> {
        let token = Compact::split(token, MAX_LEN).ok_or(IdTokenError::Malformed)?;
        let header = token.header().ok_or(IdTokenError::Malformed)?;
        // Other kinds of signed tokens name theirs: `at+jwt`, `logout+jwt` (RFC 8725 section 3.11).
        if !header.typ().is_empty() && !header.typ().eq_ignore_ascii_case("JWT") {
            return Err(IdTokenError::Type);
        }
        let algorithm = header.alg();
        let only_of = keys.verify(algorithm, header.kid(), token.message, &token.signature)?;
        let claims: Claims =
            json::from_slice(&token.payload).map_err(|_| IdTokenError::Malformed)?;
        let tenant = claims.tid.as_deref();
        let is_issuer = |issuer: &str| is_issuer(&claims.iss, issuer, tenant);
        if !expected.issuers.iter().copied().any(is_issuer) || !only_of.is_none_or(is_issuer) {
            return Err(IdTokenError::Issuer);
        }
        claims.check(algorithm, expected)?;
        Ok(Self {
            claims: json::from_slice(&token.payload).map_err(|_| IdTokenError::Malformed)?,
            subject: claims.sub,
            tenant: claims.tid,
        })
    }
}

impl Claims {
    fn check(&self, algorithm: &str, expected: &Expected<'_>) -> Result<(), IdTokenError> {
        let client = expected.client_id;
        if !self.aud.holds(client) {
            return Err(IdTokenError::Audience);
        }
        let alone = match &self.aud {
            Audience::One(_) => true,
            Audience::Many(many) => many.len() == 1,
        };
        if self.azp.as_deref().map_or(!alone, |party| party != client) {
            return Err(IdTokenError::AuthorizedParty);
        }
        let (now, tolerance) = (
            expected.now.as_secs() as f64,
            expected.clock_tolerance as f64,
        );
        if self.exp + tolerance <= now {
            return Err(IdTokenError::Expired);
        }
        let not_before = [Some(self.iat), self.nbf, self.auth_time];
        if not_before
            .into_iter()
            .flatten()
            .any(|time| time > now + tolerance)
        {
            return Err(IdTokenError::NotYetValid);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(IdTokenError::Nonce);
        }
        let hash = || half_hash(algorithm, expected.access_token);
        if self.at_hash.as_ref().is_some_and(|named| *named != hash()) {
            return Err(IdTokenError::AccessToken);
        }
        if let Some(since) = expected.authenticated_since {
            let since = since.as_secs() as f64;
            if self.auth_time.is_none_or(|time| time + tolerance < since) {
                return Err(IdTokenError::AuthenticationTooOld);
            }
        }
        let fits = (1..=SUBJECT_MAX).contains(&self.sub.len()) && self.sub.is_ascii();
        if fits {
            Ok(())
        } else {
            Err(IdTokenError::Subject)
        }
    }
}

/// Returns the left half of the hash that belongs to an algorithm (OpenID Connect Core section 3.1.3.6), in base64url.
/// That of EdDSA is SHA-512, which Ed25519 uses itself.
fn half_hash(algorithm: &str, token: &str) -> String {
    match algorithm {
        "RS384" => URL_SAFE_NO_PAD.encode(&Sha384::digest(token)[..24]),
        "RS512" | "EdDSA" => URL_SAFE_NO_PAD.encode(&Sha512::digest(token)[..32]),
        _ => URL_SAFE_NO_PAD.encode(&Sha256::digest(token)[..16]),
    }
}
