//! Access tokens.

use auth_core::SecretKey;
use auth_core::jose::{Algorithm, Audience, Claims, KeySet, SigningKey};
use serde_json::{Value, json};

use super::generated::exports::gatewright::auth::tokens::{Expectations, MacAlgorithm, Refusal};
use super::{Core, ISSUER, NOW, call, claims, expected, key_set};

#[test]
fn a_token_of_the_service_is_accepted_as_it_was_signed() {
    let mut core = Core::at(NOW);
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let keys = key_set(algorithm, 7);
        let token = keys.issue(&claims()).unwrap();
        // Twice, because the second time the key set is cached.
        for _ in 0..2 {
            let accepted = core.verify(&token, keys.jwks()).unwrap();
            assert_eq!(accepted, serde_json::to_string(&claims()).unwrap());
        }
    }
}

#[test]
fn a_token_is_refused_for_its_own_reason() {
    let mut core = Core::at(NOW);
    let keys = key_set(Algorithm::EdDsa, 7);
    let signing = keys.signing_key().unwrap();
    let good = keys.issue(&claims()).unwrap();
    let changed = |change: &dyn Fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        keys.issue(&claims).unwrap()
    };
    let (message, _) = good.rsplit_once('.').unwrap();
    let (_, other_signature) = changed(&|claims| claims.sub = "eve".to_owned())
        .rsplit_once('.')
        .map(|(head, signature)| (head.to_owned(), signature.to_owned()))
        .unwrap();
    let now = NOW as u64;
    for (token, refusal) in [
        ("".to_owned(), Refusal::Malformed),
        ("a.b.c".to_owned(), Refusal::Malformed),
        ("a".repeat(100_000), Refusal::Malformed),
        (
            signing.sign("at+jwt", &json!({"sub": "ada"})),
            Refusal::Malformed,
        ),
        (signing.sign("JWT", &claims()), Refusal::TypeMismatch),
        (
            key_set(Algorithm::EdDsa, 8).issue(&claims()).unwrap(),
            Refusal::KeyUnknown,
        ),
        (unsigned(&good), Refusal::AlgorithmMismatch),
        (
            format!("{message}.{other_signature}"),
            Refusal::SignatureInvalid,
        ),
        (changed(&|claims| claims.exp = now - 5), Refusal::Expired),
        (
            changed(&|claims| claims.nbf = Some(now + 6)),
            Refusal::NotYetValid,
        ),
        (
            changed(&|claims| claims.iat = now + 6),
            Refusal::NotYetValid,
        ),
        (
            changed(&|claims| claims.iss.push('/')),
            Refusal::IssuerMismatch,
        ),
        (
            changed(&|claims| claims.aud = Audience::One(ISSUER.to_owned())),
            Refusal::AudienceMismatch,
        ),
    ] {
        assert_eq!(core.verify(&token, keys.jwks()), Err(refusal), "{token}");
    }
    // One second more exceeds the clock tolerance.
    assert!(
        core.verify(&changed(&|claims| claims.exp = now - 4), keys.jwks())
            .is_ok()
    );
    assert!(
        core.verify(&changed(&|claims| claims.nbf = Some(now + 5)), keys.jwks())
            .is_ok()
    );
    let strict = Expectations {
        clock_tolerance: 0,
        ..expected()
    };
    let late = changed(&|claims| claims.exp = now);
    assert_eq!(
        core.expect(&late, keys.jwks(), &strict),
        Err(Refusal::Expired)
    );
    // A time before 1970 counts as 1970, and at the largest time no token is valid.
    let early = Core::at(i64::MIN).verify(&good, keys.jwks());
    assert_eq!(early, Err(Refusal::NotYetValid));
    let end = Core::at(i64::MAX).verify(&good, keys.jwks());
    assert_eq!(end, Err(Refusal::Expired));
}

/// Returns a token whose header claims that it needs no signature.
fn unsigned(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let parts: Vec<_> = token.split('.').collect();
    let header = URL_SAFE_NO_PAD.decode(parts[0]).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    header["alg"] = json!("none");
    format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        parts[1]
    )
}

#[test]
fn keys_are_those_of_the_call() {
    let mut core = Core::at(NOW);
    let (old, new) = (key_set(Algorithm::EdDsa, 7), key_set(Algorithm::EdDsa, 8));
    let token = old.issue(&claims()).unwrap();
    assert!(core.verify(&token, old.jwks()).is_ok());
    assert_eq!(core.verify(&token, new.jwks()), Err(Refusal::KeyUnknown));
    let large = format!("{}{}", old.jwks(), " ".repeat(256 * 1024));
    for keys in [
        "",
        "{}",
        "[]",
        r#"{"keys": {}}"#,
        &old.jwks().replace(r#"{"keys":"#, "[").replace("]}", "]]"),
        &large,
        &"[".repeat(100_000),
    ] {
        assert_eq!(core.verify(&token, keys), Err(Refusal::KeysUnusable));
    }
    assert_eq!(
        core.verify(&token, r#"{"keys": [{"kty": "oct", "k": "AA"}, 1]}"#),
        Err(Refusal::KeyUnknown)
    );
    assert!(core.verify(&token, old.jwks()).is_ok());
}

#[test]
fn a_shared_secret_verifies_too() {
    let mut core = Core::at(NOW);
    let secret = "a shared secret that is as long as the longest of the hashes is";
    let secret = format!("{secret:_<64}");
    for (algorithm, named, shortest) in [
        (Algorithm::Hs256, MacAlgorithm::Hs256, 32),
        (Algorithm::Hs384, MacAlgorithm::Hs384, 48),
        (Algorithm::Hs512, MacAlgorithm::Hs512, 64),
    ] {
        let mut verify = |token: &str, secret: &str| {
            call!(
                core,
                gatewright_auth_tokens.call_verify_with_secret(token, named, secret, &expected())
            )
        };
        let secret = &secret[..shortest];
        let key = SecretKey::new(secret.as_bytes()).unwrap();
        let keys = KeySet::new(
            SigningKey::from_secret(algorithm, &key).unwrap(),
            Vec::new(),
        );
        let token = keys.issue(&claims()).unwrap();
        let accepted = verify(&token, secret).unwrap();
        assert_eq!(accepted, serde_json::to_string(&claims()).unwrap());
        assert_eq!(
            verify(&token, &"another".repeat(10)),
            Err(Refusal::KeyUnknown)
        );
        assert_eq!(
            verify(&token, &secret[1..]),
            Err(Refusal::KeysUnusable),
            "{shortest}"
        );
        let public = key_set(Algorithm::EdDsa, 7);
        let token = public.issue(&claims()).unwrap();
        assert_eq!(verify(&token, secret), Err(Refusal::KeyUnknown));
    }
}
