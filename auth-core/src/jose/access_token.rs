//! Access tokens: JWTs in the profile of RFC 9068, checked as RFC 8725 asks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Algorithm, KeySet};
use crate::error::AccessTokenError;
use crate::time::Timestamp;

/// What an access token says. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// The user's identifier.
    pub sub: String,
    /// Whom it is for.
    pub aud: Audience,
    /// When it stops being valid.
    pub exp: u64,
    /// When it starts being valid; none: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When it was issued.
    pub iat: u64,
    /// Identifier of the token.
    pub jti: String,
    /// The client it was issued to.
    pub client_id: String,
    /// The session it belongs to.
    pub sid: String,
    /// When the user last proved himself.
    pub auth_time: u64,
    /// How the user proved himself (RFC 8176).
    #[serde(default)]
    pub amr: Vec<String>,
    /// Names of the user's roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Permissions of those roles.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Who acts as the user (RFC 8693 section 4.1); none: the user himself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// Who acts as another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// His identifier.
    pub sub: String,
}

/// One audience or several (RFC 7519 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    fn holds(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// What a token must say to be accepted.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// `iss` must be this.
    pub issuer: &'a str,
    /// `aud` must be or hold this.
    pub audience: &'a str,
    /// The time to check against.
    pub now: Timestamp,
    /// Seconds by which the issuer's clock may differ.
    pub clock_tolerance: u64,
}

/// Longest token that is looked at, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// `typ` of access tokens (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    typ: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    kid: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    b64: Option<serde::de::IgnoredAny>,
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
        let payload = self.verify_signature(token, TYPE)?;
        Claims::checked(&payload, expected)?;
        Ok(payload)
    }

    /// The payload of a compact JWS of type `typ` that a key of the set signed.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), up to the signature.
    pub fn verify_signature(&self, token: &str, typ: &str) -> Result<Vec<u8>, AccessTokenError> {
        if token.len() > MAX_LEN {
            return Err(AccessTokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(AccessTokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(AccessTokenError::Malformed)?;
        let decode = |part: &str| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| AccessTokenError::Malformed)
        };
        let header = decode(header)?;
        let header: Header<'_> =
            serde_json::from_slice(&header).map_err(|_| AccessTokenError::Malformed)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        if header.crit.is_some() || header.b64.is_some() {
            return Err(AccessTokenError::Malformed);
        }
        // RFC 7515 section 4.1.9: a media type without its `application/`, compared without case.
        let named = header.typ.as_deref().unwrap_or_default();
        let named = match named.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => named,
        };
        if !named.eq_ignore_ascii_case(typ) {
            return Err(AccessTokenError::TypeMismatch);
        }
        let key = header
            .kid
            .and_then(|kid| self.find(&kid))
            .ok_or(AccessTokenError::KeyUnknown)?;
        if Algorithm::parse(&header.alg) != Some(key.algorithm()) {
            return Err(AccessTokenError::AlgorithmMismatch);
        }
        if !key.verifies(message.as_bytes(), &signature) {
            return Err(AccessTokenError::SignatureInvalid);
        }
        Ok(payload)
    }
}

impl Claims {
    fn checked(payload: &[u8], expected: &Expectations<'_>) -> Result<Self, AccessTokenError> {
        let claims: Self =
            serde_json::from_slice(payload).map_err(|_| AccessTokenError::Malformed)?;
        claims.check(expected)?;
        Ok(claims)
    }

    fn check(&self, expected: &Expectations<'_>) -> Result<(), AccessTokenError> {
        let now = expected.now.as_secs();
        if self.exp.saturating_add(expected.clock_tolerance) <= now {
            Err(AccessTokenError::Expired)
        } else if self.nbf.unwrap_or(0).max(self.iat) > now.saturating_add(expected.clock_tolerance)
        {
            Err(AccessTokenError::NotYetValid)
        } else if self.iss != expected.issuer {
            Err(AccessTokenError::IssuerMismatch)
        } else if !self.aud.holds(expected.audience) {
            Err(AccessTokenError::AudienceMismatch)
        } else {
            Ok(())
        }
    }
}
