//! Differential tests: `jose` and `hash-wasm` (npm) accept the product's tokens and hashes, and the other way round.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use auth_core::SecretKey;
use auth_core::jose::{Algorithm, KeySet, SigningKey, VerifyingKey};
use auth_core::password::{Hasher, Parameters};
use gatewright_tests::SimulatedPlatform;
use serde_json::{Value, json};

/// Runs the program `other.mjs`, which reads a JSON document and returns another.
fn ask(question: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("javascript");
    assert!(
        folder.join("node_modules").exists(),
        "packages are missing: run `cargo xtask test`"
    );
    let mut child = Command::new("node")
        .arg("other.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(question.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn jose_verifies_what_we_sign() {
    let secret = [7; 64];
    let claims = json!({"sub": "ada", "iss": "https://example.com", "note": "Zoë \u{1f98a}"});
    for (algorithm, key) in [
        (
            "EdDSA",
            SigningKey::from_private(Algorithm::EdDsa, &[7; 32]).unwrap(),
        ),
        (
            "ES256",
            SigningKey::from_private(Algorithm::Es256, &[7; 32]).unwrap(),
        ),
        (
            "HS256",
            SigningKey::from_secret(Algorithm::Hs256, &SecretKey::new(&secret).unwrap()).unwrap(),
        ),
        (
            "HS384",
            SigningKey::from_secret(Algorithm::Hs384, &SecretKey::new(&secret).unwrap()).unwrap(),
        ),
        (
            "HS512",
            SigningKey::from_secret(Algorithm::Hs512, &SecretKey::new(&secret).unwrap()).unwrap(),
        ),
    ] {
        let (token, kid) = (
            key.sign("at+jwt", &claims),
            key.verifying_key().kid().to_owned(),
        );
        let symmetric = algorithm.starts_with("HS");
        let jwks: Value = serde_json::from_str(KeySet::new(key, Vec::new()).jwks()).unwrap();
        let answer = ask(&json!({
            "verify": token,
            "algorithm": algorithm,
            "jwks": jwks,
            "secret": symmetric.then(|| "07".repeat(64)),
        }));
        assert_eq!(answer["claims"], claims, "{algorithm}: {answer}");
        assert_eq!(answer["header"]["typ"], "at+jwt");
        assert_eq!(
            answer["thumbprint"],
            if symmetric { Value::Null } else { json!(kid) }
        );
    }
}

#[test]
fn we_verify_what_jose_signs() {
    for algorithm in ["EdDSA", "ES256", "RS256"] {
        let answer = ask(&json!({"sign": {"sub": "ada"}, "algorithm": algorithm}));
        let key = VerifyingKey::from_jwk(&answer["jwk"].to_string()).unwrap();
        assert_eq!(key.algorithm().as_str(), algorithm);
        let (message, signature) = answer["token"].as_str().unwrap().rsplit_once('.').unwrap();
        let signature =
            base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature)
                .unwrap();
        assert!(key.verifies(message.as_bytes(), &signature), "{algorithm}");
        assert!(
            !key.verifies(&message.as_bytes()[1..], &signature),
            "{algorithm}"
        );
    }
}

#[test]
fn hash_wasm_verifies_what_we_hash_and_we_what_it_hashes() {
    let password = "pässword \u{1f98a}";
    let hasher = Hasher::new(Parameters::new(256, 2, 2).unwrap());
    let ours = hasher.hash(&SimulatedPlatform::new(1), password);
    let answer = ask(&json!({"argon2": ours, "password": password}));
    assert_eq!(answer["verified"], true);
    for kind in ["argon2i", "argon2d", "argon2id"] {
        let theirs = answer[kind].as_str().unwrap();
        assert_eq!(hasher.verify(password, theirs), Ok(true), "{theirs}");
        assert_eq!(hasher.verify("another", theirs), Ok(false), "{theirs}");
    }
}
