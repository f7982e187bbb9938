//! RFC 4648 section 10, RFC 7515 appendix A, RFC 7517 appendix A, RFC 7638 section 3.1, RFC 8037 appendix A.

use auth_core::SecretKey;
use auth_core::jose::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Splits a compact JWS into the signed message and the signature.
fn message_and_signature(token: &str) -> (&[u8], Vec<u8>) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    (message.as_bytes(), decode(signature))
}

/// RFC 4648 section 10, in the alphabet of its section 5 and without padding, as RFC 7515 requires.
#[test]
fn rfc_4648_base64url() {
    for (text, encoded) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(URL_SAFE_NO_PAD.encode(text), encoded);
        assert_eq!(decode(encoded), text.as_bytes());
    }
    assert_eq!(decode("-_-_"), [0xfb, 0xff, 0xbf]);
    // Padding, the other alphabet, and bits that must be zero (section 3.5).
    for refused in ["Zg==", "+/+/", "Zh", "Z", "Zm 8", "Zm8\n"] {
        assert!(URL_SAFE_NO_PAD.decode(refused).is_err(), "{refused:?}");
    }
}

const A1_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const A1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const A2_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const A2: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A3_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const A3: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// RFC 7515 appendix A.1.
#[test]
fn rfc_7515_hs256() {
    let key = SigningKey::from_secret(Algorithm::Hs256, &SecretKey::new(&decode(A1_KEY)).unwrap())
        .unwrap();
    let (message, signature) = message_and_signature(A1);
    assert!(key.verifying_key().verifies(message, &signature));
    assert!(!key.verifying_key().verifies(&message[1..], &signature));
    assert!(!key.verifying_key().verifies(message, &signature[..31]));
    assert!(!key.verifying_key().verifies(message, &[]));
}

/// RFC 7515 appendix A.2.
#[test]
fn rfc_7515_rs256() {
    let key = VerifyingKey::from_jwk(A2_KEY).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Rs256);
    let (message, signature) = message_and_signature(A2);
    assert!(key.verifies(message, &signature));
    assert!(!key.verifies(&message[1..], &signature));
    assert!(!key.verifies(message, &signature[1..]));
}

/// RFC 7515 appendix A.3.
#[test]
fn rfc_7515_es256() {
    let key = VerifyingKey::from_jwk(A3_KEY).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Es256);
    let (message, signature) = message_and_signature(A3);
    assert!(key.verifies(message, &signature));
    assert!(!key.verifies(&message[1..], &signature));
    // CVE-2022-21449: r = s = 0.
    assert!(!key.verifies(message, &[0; 64]));
}

/// RFC 7515 appendix A.5: an unsecured JWS is never accepted.
#[test]
fn rfc_7515_none() {
    let unsecured = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
    let keys = KeySet::from_jwks(&format!(r#"{{"keys":[{A2_KEY},{A3_KEY}]}}"#)).unwrap();
    assert!(keys.verify_signature(unsecured, "").is_err());
}

/// RFC 7517 appendix A.1 and A.2: a public set is read; private parts of private keys are dropped.
#[test]
fn rfc_7517_key_sets() {
    let set = r#"{"keys":[
        {"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","use":"enc","kid":"1"},
        {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"},
        {"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","kid":"private"},
        {"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ","kid":"shared"},
        {"kty":"unheard of"}, "not even an object"
    ]}"#;
    let keys = KeySet::from_jwks(set).unwrap();
    assert!(keys.find("1").is_none(), "for encryption");
    assert!(
        keys.find("shared").is_none(),
        "a shared secret is no public key"
    );
    assert_eq!(
        keys.find("2011-04-29").unwrap().algorithm(),
        Algorithm::Rs256
    );
    assert_eq!(keys.find("private").unwrap().algorithm(), Algorithm::Es256);
    assert!(
        !keys
            .jwks()
            .contains("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE")
    );
}

/// Keys whose members contradict each other.
#[test]
fn keys_that_are_refused() {
    for (jwk, error) in [
        (
            A3_KEY.replace("\"kty\"", "\"alg\":\"RS256\",\"kty\""),
            KeyError::Unsupported,
        ),
        (
            A2_KEY.replace("\"kty\"", "\"alg\":\"HS256\",\"kty\""),
            KeyError::Unsupported,
        ),
        (A3_KEY.replace("P-256", "P-384"), KeyError::Unsupported),
        (A3_KEY.replace("x_FEz", "x_FEy"), KeyError::Malformed),
        (
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#.into(),
            KeyError::Malformed,
        ),
        (
            r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#.into(),
            KeyError::Malformed,
        ),
        (
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.into(),
            KeyError::Malformed,
        ),
    ] {
        assert_eq!(VerifyingKey::from_jwk(&jwk).err(), Some(error), "{jwk}");
    }
}

/// RFC 7517: a key and a set are objects, not arrays of their members' values.
#[test]
fn lists_are_no_keys() {
    let values = r#"["OKP","Ed25519","11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",null,null,null,null,null,null]"#;
    assert_eq!(
        VerifyingKey::from_jwk(values).err(),
        Some(KeyError::Unsupported)
    );
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert!(KeySet::from_jwks(&format!("[[{key}]]")).is_err());
    let mixed = KeySet::from_jwks(&format!(r#"{{"keys":[{values},{key}]}}"#)).unwrap();
    assert_eq!(mixed.jwks().matches("kty").count(), 1);
    assert!(
        mixed
            .find("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
            .is_some()
    );
}

/// RFC 7638 section 3.1.
#[test]
fn rfc_7638_thumbprint() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let key = VerifyingKey::from_jwk(&format!(
        r#"{{"kty":"RSA","n":"{n}","e":"AQAB","alg":"RS256"}}"#
    ))
    .unwrap();
    assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// RFC 8037 appendix A: key, thumbprint, signature.
#[test]
fn rfc_8037_ed25519() {
    let private = decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let key = SigningKey::from_private(Algorithm::EdDsa, &private).unwrap();
    let jwk: serde_json::Value = serde_json::from_str(&key.public_jwk().unwrap()).unwrap();
    assert_eq!(jwk["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!(
        key.verifying_key().kid(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let (message, signature) = message_and_signature(token);
    assert!(key.verifying_key().verifies(message, &signature));
    assert!(!key.verifying_key().verifies(&message[1..], &signature));
    // A key of small order, for which a signature of zeros would be valid (RFC 8032 section 5.1.7, strict).
    let zero = URL_SAFE_NO_PAD.encode([0; 32]);
    if let Ok(weak) =
        VerifyingKey::from_jwk(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{zero}"}}"#))
    {
        assert!(!weak.verifies(message, &[0; 64]));
    }
}

/// A signature verifies with the matching public key and no other.
#[test]
fn every_algorithm_signs_for_itself() {
    let secret = SecretKey::new(&[7; 64]).unwrap();
    let keys = [
        SigningKey::from_private(Algorithm::EdDsa, &[7; 32]).unwrap(),
        SigningKey::from_private(Algorithm::Es256, &[7; 32]).unwrap(),
        SigningKey::from_secret(Algorithm::Hs256, &secret).unwrap(),
        SigningKey::from_secret(Algorithm::Hs384, &secret).unwrap(),
        SigningKey::from_secret(Algorithm::Hs512, &secret).unwrap(),
    ];
    for (index, key) in keys.iter().enumerate() {
        let token = key.sign("at+jwt", &serde_json::json!({"sub": "ada"}));
        assert_eq!(
            token,
            key.sign("at+jwt", &serde_json::json!({"sub": "ada"})),
            "signing is deterministic"
        );
        let (message, signature) = message_and_signature(&token);
        for (other_index, other) in keys.iter().enumerate() {
            assert_eq!(
                other.verifying_key().verifies(message, &signature),
                index == other_index
            );
        }
    }
    assert_eq!(
        SigningKey::from_private(Algorithm::Rs256, &[7; 32]).err(),
        Some(KeyError::Unsupported)
    );
    assert_eq!(
        SigningKey::from_private(Algorithm::Es256, &[0xff; 32]).err(),
        Some(KeyError::Malformed)
    );
    assert_eq!(
        SigningKey::from_secret(Algorithm::EdDsa, &secret).err(),
        Some(KeyError::Unsupported)
    );
}
