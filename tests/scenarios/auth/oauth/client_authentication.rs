//! Ways in which the service authenticates at token endpoints.

use std::collections::BTreeMap;

use auth_core::jose::{Algorithm, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_tests::identity::{CLIENT_SECRET, IdentityService, Request};
use serde_json::json;

use super::{OWN, signed_in, verified};
use crate::auth::access_token_is_checked::part;

/// The key with 32 bytes of the value 7, as PKCS #8.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\\n-----END PRIVATE KEY-----";

/// The secret is in the header or in the body, and never in both; with a key, a signed JWT takes its place
/// (`oidcc-client-test-client-secret-basic`).
#[tokio::test]
async fn the_service_authenticates_as_the_provider_asks() {
    let methods = "token_endpoint_auth_methods_supported";
    let service = IdentityService::start(&["basic", "first", "post", "chosen", "key"], &[]);
    let host = service.host(&[
        OWN[0],
        ("OIDC_CHOSEN_CLIENT_AUTHENTICATION", "client_secret_post"),
        ("OIDC_KEY_CLIENT_AUTHENTICATION", "private_key_jwt"),
        ("OIDC_KEY_PRIVATE_KEY", PRIVATE_KEY),
    ]);
    let both = json!(["client_secret_post", "client_secret_basic"]);
    let members = BTreeMap::from([
        ("first", both.clone()),
        ("post", json!(["client_secret_post"])),
        ("chosen", both),
        ("key", json!(["private_key_jwt"])),
    ]);
    for name in ["basic", "first", "post", "chosen", "key"] {
        service.person(name, verified(name, &format!("{name}@example.com")));
        service.script(name, |script| {
            let member = members.get(name).cloned().unwrap_or_default();
            script.member(methods, member);
        });
        signed_in(&host, &service, name).await;
        let requests = service.requests(name, "token");
        let [
            Request {
                parameters,
                received,
                ..
            },
        ] = &requests[..]
        else {
            panic!("{requests:?}");
        };
        let given = |name: &str| parameters.get(name).map(String::as_str);
        assert!(received.head.starts_with("POST "), "{received:?}");
        assert_eq!(
            received.header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        assert_eq!(given("grant_type"), Some("authorization_code"));
        assert_eq!(given("code_verifier").map(str::len), Some(43));
        let basic = received.header("authorization");
        match name {
            "basic" | "first" => {
                assert!(basic.unwrap().starts_with("Basic "));
                assert_eq!(
                    (given("client_secret"), given("client_assertion")),
                    (None, None)
                );
            }
            "post" | "chosen" => {
                assert_eq!(given("client_secret"), Some(CLIENT_SECRET));
                assert_eq!((basic, given("client_assertion")), (None, None));
            }
            _ => {
                assert_eq!((basic, given("client_secret")), (None, None));
                let assertion = given("client_assertion").unwrap();
                let claims = part(assertion, 1);
                let id = "client-of-key";
                assert_eq!((&claims["iss"], &claims["sub"]), (&id.into(), &id.into()));
                let text = claims["aud"].to_string();
                assert!(text.contains(&service.issuer("key")), "{claims}");
                assert!(claims["jti"].is_string());
                let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
                assert!(life <= 300, "{claims}");
                let key = SigningKey::from_private(Algorithm::EdDsa, &[7; 32]).unwrap();
                let (message, signature) = assertion.rsplit_once('.').unwrap();
                let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
                assert!(key.verifying_key().verifies(message.as_bytes(), &signature));
            }
        }
    }
}
