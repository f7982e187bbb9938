//! The header, the signature, and the key.

use super::*;

/// The claims that the signatures below are of.
const PAYLOAD: &str = "eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJhZGEiLCJhdWQiOiJjbGllbnQiLCJleHAiOjEzMDAsImlhdCI6MTAwMCwibm9uY2UiOiJuLTBTNl9XekEyTWoifQ";

/// Headers without `kid` and their signatures by that key, made by OpenSSL.
const SIGNED: [(&str, &str, &str); 4] = [
    (
        "RS256",
        "eyJhbGciOiJSUzI1NiJ9",
        "CFsgLcm4Ii42nMta9FtGT8k_ByDNjIxCtA_lHGKaNiOtwVHLoKVDt8RApDpkUKBJ1R0XEFrWdsEDPKClXMGHE_nGYwzo1by3ds9Jk7Ev9ojgPOIznJP2XNKWLzS0hEpcujmnMIN9ezZwbRc6OMwrephJqGHsyyFTUUGbx5WyL3UFR7V1eMWjEGLbd4HLKdC3qrsFZ6yRapBX7TquAwPPyWuKDx2OUQB-3iZkz0LVYZKWqvhP1Tjd3qxKqpObZ4OBuQq4wZcQ10Pc_KINBrnFlimapqr3hd56S6KuZozp2dSoY_435NSDf3XqnjRsbEBkPoLQY1xi7lGKec1zFwB-pg",
    ),
    (
        "RS384",
        "eyJhbGciOiJSUzM4NCJ9",
        "E4p1Z6D5SwReYxc5Edpsc5ckVdSUNJbxKyCYdDSrOvBIgQrikng_bcwebe-AifpdxgjZJRjsbnsGNLxvC0wrBHoR-rOH9MMoCVm6EGIC8vR9wEzkg8rRsaNp-kn7nGykfWUGhqv-4qYQP8KUsj3vxp9yomKpeMyhOYWh3XZMsS6jdtn_UkIKgngQJFgjKyOlbPnpMmiRMJTGxROMqeBqJhz_ygESq7nMy2dAlKAV1UrtW4XZUTk7SfxSqJdJkykl0FvWnyHz0Wflq2PJA_pDYDYr3AHjk1Yprwsex4qyVMSfLSgBpFBtf8dIHn87MdEeRC88l_tsmd5d8BEH4Ow2xw",
    ),
    (
        "RS512",
        "eyJhbGciOiJSUzUxMiJ9",
        "nam1FlNOM44j81nE1fOUdQbYvr9pVFUAX6P5LyCw_lVGIpIkOpZow8ekhxMymlUji3oD4wHyosuR8X_OFHx-PqDIDaUw3-o8nQyLr6jbEWbFgHsHW2ZbMY57iSJSpbOdrSEN-U7_hQR1DxDxg320G2YIdWzHuJ3atOXl5ebjKz1jK7pZu9Zvv_vMCiskIXb4nc4x-Quf5UKzb1cTWbBQLJJh1NW1Tma7UHGJDFtb1RMuim3e4cV6MMAesb8A9tUIRsS9S9nq_P9qHAV3OaFTa-pWdaZkkxjxWFZIf1J7oOEiMkfTxq5gOTTc_uz2imG3QCWoDZdfu0BNncNcAdItpw",
    ),
    (
        "PS256",
        "eyJhbGciOiJQUzI1NiJ9",
        "Cz51sYI1cQH5tQ7IOU1eNIoK9NETBJD0_VLn7e4qhc0m1OSju-lq2jiOuQ2A5PVNSlR7tdUEc0JeCwPJfCcmRCEwHq9tgBTrd_bScLLyT5-ElY6NdonuvWNFOYlFLih0Zozc7IaUcny7Nl2abIKZ3zOVPVH-aB202agIKBrv-tSnFntEPnlq30IsqIbgjXZUEpHJ3PLRvda_uvxKwieBQwR2kaOA9NXoT2LcHYi3Po4Hho1Xt3bk-TfOtcsfbI86sS6nTe6PfDwoL0G2aBvZvfzS5pGLPuC4UUdZ8MeD_x_uVN9svXzRcqR1KiCzyF13ejhJjN1n251QSRkmr1oGIA",
    ),
];

/// A signature of PS256 with an empty salt, which RFC 7518 section 3.5 does not allow.
const WITHOUT_SALT: &str = "HnHfv7h_ZAnVkigUnnHz8G6EXe5y-kPavXGEJgNPSan2KuXKKTitXC0S9LFknwXXmhiVH5pmQcJiUJDXdLpA9NIC6VjBs-XJfAgkZ5KnbiOOGA3qfeE46HEpompNeXB88ROgNNhd6abWCqaRn-2Mb-X0gCslhowc1Hox0EoUZh8k4-LL9IOSY82fvzZmOirhQyVq8MPYBp6WWy2n7oyhFZslr4ZbCfVPNVlKTYpGIAHRucU9xgwfBq0tSXvdCLx6JuCqI76Mqa2jZtkVxx_zj1h2ZHB_RWhWhToHfJ_mg1fFiC9XCsR72VQvNRAC8usfM08gPClUXqPd17AV0r2rGg";

fn token(header: &str, signature: &str) -> String {
    format!("{header}.{PAYLOAD}.{signature}")
}

/// `oidcc-client-test-idtoken-sig-rs256`, and the other algorithms.
#[test]
fn every_accepted_algorithm_verifies() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        for typ in ["", "JWT", "jwt", "application/jwt"] {
            let token = key(algorithm).sign(typ, &claims());
            assert!(
                IdToken::validate(&token, &both(), &EXPECTED).is_ok(),
                "{algorithm:?}"
            );
        }
    }
    for (algorithm, header, signature) in SIGNED {
        let token = token(header, signature);
        assert!(
            IdToken::validate(&token, &both(), &EXPECTED).is_ok(),
            "{algorithm}"
        );
    }
}

/// A key that names its algorithm verifies no other.
#[test]
fn the_key_decides_the_algorithm() {
    for (algorithm, header, signature) in SIGNED {
        for (named, _, _) in SIGNED {
            let key = RSA.replacen('{', &format!(r#"{{"alg":"{named}","#), 1);
            let verified = IdToken::validate(&token(header, signature), &keys(&[&key]), &EXPECTED);
            assert_eq!(verified.is_ok(), named == algorithm, "{named} {algorithm}");
        }
    }
}

/// `oidcc-client-test-invalid-sig-rs256`.
#[test]
fn an_invalid_signature_is_refused() {
    let named = RSA.replacen('{', r#"{"kid":"rsa","#, 1);
    let header = encode(&json!({"alg": "RS256", "kid": "rsa"}));
    let refused = IdToken::validate(&token(&header, SIGNED[0].2), &keys(&[&named]), &EXPECTED);
    assert_eq!(refused, Err(IdTokenError::SignatureInvalid));
    for (_, header, signature) in SIGNED {
        for (other, _, _) in SIGNED.iter().filter(|(_, other, _)| *other != header) {
            let header = encode(&json!({"alg": other}));
            let token = token(&header, signature);
            let refused = IdToken::validate(&token, &both(), &EXPECTED);
            assert_eq!(refused, Err(IdTokenError::KeyUnknown));
        }
    }
    let token = token(SIGNED[3].1, WITHOUT_SALT);
    assert!(IdToken::validate(&token, &both(), &EXPECTED).is_err());
    // The claims are changed after the signature.
    let signed = key(Algorithm::Es256).sign("JWT", &claims());
    let (head, signature) = signed.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let mut other = claims();
    other["sub"] = "eve".into();
    let changed = format!("{header}.{}.{signature}", encode(&other));
    let refused = IdToken::validate(&changed, &both(), &EXPECTED);
    assert_eq!(refused, Err(IdTokenError::SignatureInvalid));
}

/// `oidcc-client-test-idtoken-sig-none`: also from the token endpoint.
#[test]
fn an_unsigned_token_is_refused() {
    for alg in ["none", "None", "NONE", ""] {
        for signature in ["", SIGNED[0].2] {
            let token = token(&encode(&json!({"alg": alg})), signature);
            let refused = IdToken::validate(&token, &both(), &EXPECTED);
            assert_eq!(refused, Err(IdTokenError::Algorithm), "{alg}");
        }
    }
}

/// RFC 8725 section 2.1: the public key taken for a shared secret.
#[test]
fn an_hmac_with_a_public_key_is_refused() {
    let secret = SecretKey::new(RSA.as_bytes()).unwrap();
    let token = SigningKey::from_secret(Algorithm::Hs256, &secret)
        .unwrap()
        .sign("JWT", &claims());
    let refused = IdToken::validate(&token, &both(), &EXPECTED);
    assert_eq!(refused, Err(IdTokenError::Algorithm));
}

/// `oidcc-client-test-kid-absent-single-jwks`.
#[test]
fn the_only_key_needs_no_kid() {
    let token = token(SIGNED[0].1, SIGNED[0].2);
    assert!(IdToken::validate(&token, &keys(&[RSA]), &EXPECTED).is_ok());
    let named = RSA.replacen('{', r#"{"kid":"rsa","#, 1);
    assert!(IdToken::validate(&token, &keys(&[&named]), &EXPECTED).is_ok());
}

/// `oidcc-client-test-kid-absent-multiple-jwks`: all matching keys are tried.
#[test]
fn without_kid_every_key_is_tried() {
    let other = RSA.replace("ofgWCuLj", "0vx7agoe");
    let token = token(SIGNED[0].1, SIGNED[0].2);
    assert!(IdToken::validate(&token, &keys(&[&other, RSA]), &EXPECTED).is_ok());
    let refused = IdToken::validate(&token, &keys(&[&other]), &EXPECTED);
    assert_eq!(refused, Err(IdTokenError::KeyUnknown));
}

/// A rotated key: the caller fetches the keys once more.
#[test]
fn an_unknown_kid_is_an_error_of_its_own() {
    let token = key(Algorithm::Es256).with_kid("new").sign("JWT", &claims());
    let jwk = key(Algorithm::Es256).public_jwk().unwrap();
    let refused = IdToken::validate(&token, &keys(&[&jwk]), &EXPECTED);
    assert_eq!(refused, Err(IdTokenError::KeyUnknown));
    let jwk = key(Algorithm::Es256).with_kid("new").public_jwk().unwrap();
    assert!(IdToken::validate(&token, &keys(&[&jwk]), &EXPECTED).is_ok());
}

#[test]
fn other_tokens_are_refused() {
    let sign = |typ| key(Algorithm::Es256).sign(typ, &claims());
    for typ in ["at+jwt", "application/at+jwt", "logout+jwt"] {
        let refused = IdToken::validate(&sign(typ), &both(), &EXPECTED);
        assert_eq!(refused, Err(IdTokenError::Type), "{typ}");
    }
    let mut long = claims();
    long["x"] = "x".repeat(MAX_LEN).into();
    assert_eq!(validate(&long, &EXPECTED), Err(IdTokenError::Malformed));
    let valid = sign("JWT");
    for token in [
        "",
        "a.b",
        "..",
        &format!("{valid}=="),
        &format!("{valid}.a"),
    ] {
        let refused = IdToken::validate(token, &both(), &EXPECTED);
        assert_eq!(refused, Err(IdTokenError::Malformed), "{token}");
    }
    for header in [
        json!({"alg": "RS256", "crit": ["x"], "x": 1}),
        json!({"alg": "RS256", "b64": false}),
        json!({"typ": "JWT"}),
        json!([]),
    ] {
        let token = token(&encode(&header), SIGNED[0].2);
        let refused = IdToken::validate(&token, &both(), &EXPECTED);
        assert_eq!(refused, Err(IdTokenError::Malformed), "{header}");
    }
    // Keys that a header brings along are not used.
    let jwk: Value = serde_json::from_str(RSA).unwrap();
    let header = encode(&json!({"alg": "RS256", "jwk": jwk}));
    let refused = IdToken::validate(&token(&header, SIGNED[0].2), &keys(&[]), &EXPECTED);
    assert_eq!(refused, Err(IdTokenError::KeyUnknown));
    // A claim that stands there twice.
    let payload = r#"{"iss":"https://op.example","sub":"ada","sub":"eve","aud":"client","exp":1300,"iat":1000}"#;
    let raw = serde_json::value::RawValue::from_string(payload.into()).unwrap();
    let token = key(Algorithm::Es256).sign("JWT", &raw);
    let refused = IdToken::validate(&token, &both(), &EXPECTED);
    assert_eq!(refused, Err(IdTokenError::Malformed));
}
