//! The interface `tokens`.

use std::sync::{Mutex, PoisonError};

use auth_core::jose::{self, Algorithm, KeySet, SigningKey};
use auth_core::{AccessTokenError, SecretKey};

use crate::Core;
use crate::bindings::exports::gatewright::auth::tokens::{
    Expectations, Guest, MacAlgorithm, Refusal,
};

/// Maximum length of a JWK Set in bytes.
const MAX_KEYS_LEN: usize = 256 * 1024;

/// The JWK Set that was read last, as text and parsed. Parsing costs as much as verifying several tokens.
static KEYS: Mutex<Option<(String, KeySet)>> = Mutex::new(None);

impl Guest for Core {
    fn verify(token: String, keys: String, expected: Expectations) -> Result<String, Refusal> {
        let mut kept = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = match kept.take() {
            Some(known) if known.0 == keys => kept.insert(known),
            _ => kept.insert((keys.clone(), read(&keys)?)),
        };
        verify(&keys.1, &token, &expected)
    }

    fn verify_with_secret(
        token: String,
        algorithm: MacAlgorithm,
        secret: String,
        expected: Expectations,
    ) -> Result<String, Refusal> {
        let algorithm = match algorithm {
            MacAlgorithm::Hs256 => Algorithm::Hs256,
            MacAlgorithm::Hs384 => Algorithm::Hs384,
            MacAlgorithm::Hs512 => Algorithm::Hs512,
        };
        let key = SecretKey::new(secret.as_bytes())
            .filter(|_| algorithm.min_secret_len() <= Some(secret.len()))
            .and_then(|secret| SigningKey::from_secret(algorithm, &secret).ok())
            .ok_or(Refusal::KeysUnusable)?;
        verify(&KeySet::new(key, Vec::new()), &token, &expected)
    }
}

fn read(keys: &str) -> Result<KeySet, Refusal> {
    if keys.len() > MAX_KEYS_LEN {
        return Err(Refusal::KeysUnusable);
    }
    KeySet::from_jwks(keys).map_err(|_| Refusal::KeysUnusable)
}

fn verify(keys: &KeySet, token: &str, expected: &Expectations) -> Result<String, Refusal> {
    let expected = jose::Expectations {
        issuer: &expected.issuer,
        audience: &expected.audience,
        now: crate::now(),
        clock_tolerance: expected.clock_tolerance.into(),
    };
    let payload = keys.verify_payload(token, &expected)?;
    String::from_utf8(payload).map_err(|_| Refusal::Malformed)
}

impl From<AccessTokenError> for Refusal {
    fn from(error: AccessTokenError) -> Self {
        match error {
            AccessTokenError::TypeMismatch => Self::TypeMismatch,
            AccessTokenError::KeyUnknown => Self::KeyUnknown,
            AccessTokenError::AlgorithmMismatch => Self::AlgorithmMismatch,
            AccessTokenError::SignatureInvalid => Self::SignatureInvalid,
            AccessTokenError::Expired => Self::Expired,
            AccessTokenError::NotYetValid => Self::NotYetValid,
            AccessTokenError::IssuerMismatch => Self::IssuerMismatch,
            AccessTokenError::AudienceMismatch => Self::AudienceMismatch,
            AccessTokenError::Malformed
            // Only storage can report an ended session, and this component has none.
            | AccessTokenError::SessionEnded => Self::Malformed,
        }
    }
}
