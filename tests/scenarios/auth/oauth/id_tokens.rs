//! ID tokens, wrong in each part (the OpenID Foundation's tests of a client).

use std::time::{SystemTime, UNIX_EPOCH};

use gatewright_tests::host::SETUP;
use gatewright_tests::identity::{IdentityService, Key, Script, Signature};
use serde_json::{Value, json};

use super::{OWN, error_of, parameter, path_of, signed_in, verified};
use crate::auth::cookies::browser::Browser;

const KEYS: [Key; 4] = [Key::Rs256, Key::OtherRs256, Key::Es256, Key::EdDsa];

type Row = (&'static str, Box<dyn Fn(&mut Script)>);

fn claim(name: &'static str, value: Value) -> Box<dyn Fn(&mut Script)> {
    Box::new(move |script| script.claim(name, value.clone()))
}

fn signed(signature: Signature) -> Box<dyn Fn(&mut Script)> {
    Box::new(move |script| script.signature = signature)
}

/// Every claim, the algorithm, the key and the signature are checked, also in a token from the token endpoint.
#[tokio::test]
async fn an_id_token_that_is_wrong_in_any_part_signs_nobody_in() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = now.as_secs();
    let client = "client-of-acme";
    let other = service.issuer("other");
    let refused: Vec<Row> = vec![
        ("oidcc-client-test-invalid-iss", claim("iss", json!(other))),
        ("iss is missing", claim("iss", json!(null))),
        (
            "iss has a slash at its end",
            claim("iss", json!(format!("{}/", service.issuer("acme")))),
        ),
        ("oidcc-client-test-missing-sub", claim("sub", json!(null))),
        ("sub is empty", claim("sub", json!(""))),
        ("sub is no text", claim("sub", json!(["1"]))),
        ("sub is too long", claim("sub", json!("1".repeat(256)))),
        (
            "oidcc-client-test-invalid-aud",
            claim("aud", json!("client-of-work")),
        ),
        ("aud is missing", claim("aud", json!(null))),
        ("aud is empty", claim("aud", json!([]))),
        (
            "aud has another client",
            claim("aud", json!(["client-of-work"])),
        ),
        (
            "aud has several clients, and none is authorized",
            claim("aud", json!([client, "client-of-work"])),
        ),
        (
            "azp is another client",
            claim("azp", json!("client-of-work")),
        ),
        ("exp has passed", claim("exp", json!(now - 600))),
        ("exp is missing", claim("exp", json!(null))),
        ("exp is text", claim("exp", json!((now + 600).to_string()))),
        ("oidcc-client-test-missing-iat", claim("iat", json!(null))),
        ("iat is in the future", claim("iat", json!(now + 600))),
        ("nbf is in the future", claim("nbf", json!(now + 600))),
        (
            "oidcc-client-test-nonce-invalid",
            claim("nonce", json!("other")),
        ),
        ("nonce is missing", claim("nonce", json!(null))),
        (
            "at_hash is that of another access token",
            claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ),
        (
            "oidcc-client-test-idtoken-sig-none",
            signed(Signature::None),
        ),
        (
            "oidcc-client-test-invalid-sig-rs256",
            signed(Signature::Broken),
        ),
        ("an HMAC with the client secret", signed(Signature::Secret)),
        ("an HMAC with the public key", signed(Signature::PublicKey)),
        (
            "the key of another name",
            signed(Signature::Foreign(Key::OtherRs256)),
        ),
        (
            "no ID token",
            Box::new(|script| {
                script.token = std::sync::Arc::new(|answer| {
                    answer.as_object_mut().unwrap().remove("id_token");
                });
            }),
        ),
        (
            "no JWT",
            Box::new(|script| {
                script.token = std::sync::Arc::new(|answer| answer["id_token"] = "a.b.c".into());
            }),
        ),
    ];
    for (what, change) in &refused {
        service.person("acme", verified("1", "ada@example.com"));
        service.script("acme", |script| {
            script.keys = KEYS.to_vec();
            change(script);
        });
        assert_eq!(
            error_of(&host, &service, "acme").await,
            "oauth_failed",
            "{what}"
        );
    }
    // No account, and no request with the access token of a refused response.
    let all = host.get_as("/users", root.token()).await;
    assert_eq!(all.body["users"].as_array().unwrap().len(), 1);
    assert_eq!(service.requests("acme", "userinfo").len(), 0);

    let accepted: Vec<Row> = vec![
        ("oidcc-client-test", Box::new(|_| ())),
        ("aud is a list", claim("aud", json!([client]))),
        ("azp is the client", claim("azp", json!(client))),
        (
            "aud has several clients, and this one is authorized",
            Box::new(move |script| {
                script.id_token = std::sync::Arc::new(move |claims| {
                    claims["aud"] = json!([client, "client-of-work"]);
                    claims["azp"] = client.into();
                });
            }),
        ),
        ("at_hash is missing", claim("at_hash", json!(null))),
        (
            "oidcc-client-test-idtoken-sig-rs256",
            signed(Signature::By(Key::OtherRs256)),
        ),
        ("ES256", signed(Signature::By(Key::Es256))),
        (
            "EdDSA",
            Box::new(|script| {
                script.claim("at_hash", json!(null));
                script.signature = Signature::By(Key::EdDsa);
            }),
        ),
        (
            "oidcc-client-test-kid-absent-multiple-jwks",
            signed(Signature::Unnamed(Key::OtherRs256)),
        ),
    ];
    for (what, change) in &accepted {
        service.person("acme", verified("1", "ada@example.com"));
        service.script("acme", |script| {
            script.keys = KEYS.to_vec();
            change(script);
        });
        let page = Browser::default()
            .go_through(&host, &service, &path_of("acme"))
            .await;
        assert!(parameter(&page, "code").is_some(), "{what}: {page}");
    }
    // Each process fetched the keys once at most: no row was about a key that nobody has.
    for document in ["keys", "openid-configuration"] {
        let fetched = service.requests("acme", document).len();
        assert!((1..=host.processes()).contains(&fetched), "{fetched}");
    }
}

/// `oidcc-client-test-kid-absent-single-jwks`: the only key of the type verifies a token that names none.
#[tokio::test]
async fn a_single_key_needs_no_name() {
    let service = IdentityService::start(&["named", "unnamed", "other"], &[]);
    let host = service.host(&OWN);
    for (name, named) in [("named", true), ("unnamed", false)] {
        service.person(name, verified(name, &format!("{name}@example.com")));
        service.script(name, |script| {
            script.keys_are_named = named;
            script.signature = Signature::Unnamed(Key::Rs256);
        });
        signed_in(&host, &service, name).await;
    }
    service.person("other", verified("1", "ada@example.com"));
    service.script("other", |script| {
        script.signature = Signature::Unnamed(Key::OtherRs256);
    });
    assert_eq!(error_of(&host, &service, "other").await, "oauth_failed");
}
