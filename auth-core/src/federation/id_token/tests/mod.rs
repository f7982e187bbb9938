//! Each claim wrong in turn, and the tests of the OpenID Foundation's suite for clients (basic plan), by their names.

mod claims;
mod signature;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::jose::{Algorithm, SigningKey};
use crate::secret::SecretKey;

const ISSUER: &str = "https://op.example";
const NONCE: &str = "n-0S6_WzA2Mj";

const EXPECTED: Expected<'_> = Expected {
    issuers: &[ISSUER],
    client_id: "client",
    nonce: NONCE,
    access_token: "access token",
    authenticated_since: None,
    now: Timestamp::from_millis(1_000_000),
    clock_tolerance: 5,
};

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_private(algorithm, &[7; 32]).unwrap()
}

fn keys(keys: &[&str]) -> JwkSet {
    JwkSet::read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).unwrap()
}

/// The set of an issuer with a key of each type.
fn both() -> JwkSet {
    let jwk = |algorithm| key(algorithm).public_jwk().unwrap();
    keys(&[&jwk(Algorithm::EdDsa), &jwk(Algorithm::Es256), RSA])
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "ada", "aud": "client", "exp": 1300, "iat": 1000, "nonce": NONCE,
        "email": "ada@example.com",
    })
}

/// Validates these claims, signed by the issuer.
fn validate(claims: &Value, expected: &Expected<'_>) -> Result<IdToken, IdTokenError> {
    let token = key(Algorithm::Es256).sign("JWT", claims);
    IdToken::validate(&token, &both(), expected)
}

fn error_with(name: &str, value: Value) -> Option<IdTokenError> {
    let mut claims = claims();
    claims[name] = value;
    validate(&claims, &EXPECTED).err()
}

fn error_without(name: &str) -> Option<IdTokenError> {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    validate(&claims, &EXPECTED).err()
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The key of RFC 7515 appendix A.2.
const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
