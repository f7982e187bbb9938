//! The claims of the userinfo endpoint.

use gatewright_tests::identity::{IdentityService, Script};
use serde_json::{Value, json};

use super::{OWN, account, error_of, signed_in, verified};

/// Leaves the subject alone in ID tokens.
fn without_claims(script: &mut Script) {
    script.id_token = std::sync::Arc::new(|claims| {
        for name in ["email", "email_verified", "name"] {
            claims.as_object_mut().unwrap().remove(name);
        }
    });
}

/// Claims that the ID token lacks come from the userinfo endpoint, which gets the access token in a header
/// (`oidcc-client-test-userinfo-bearer-header`, `oidcc-client-test-scope-userinfo-claims`).
/// `oidcc-client-test-userinfo-bearer-body` is left out deliberately: the token is never in a body.
#[tokio::test]
async fn userinfo_has_what_the_id_token_lacks() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("LINK_BY_VERIFIED_EMAIL", "all")]);
    service.person("acme", verified("1", "ada@example.com"));
    service.script("acme", without_claims);
    let tokens = signed_in(&host, &service, "acme").await;
    let ada = account(&host, &tokens).await;
    for (field, value) in [
        ("email", json!("ada@example.com")),
        ("email_verified", json!(true)),
        ("display_name", json!("Ada Lovelace")),
    ] {
        assert_eq!(ada[field], value, "{field}: {ada}");
    }
    let requests = service.requests("acme", "userinfo");
    assert_eq!(requests.len(), 1);
    let received = &requests[0].received;
    assert!(received.head.starts_with("GET /acme/userinfo HTTP/1.1"));
    let token = received.header("authorization").unwrap();
    assert!(token.starts_with("Bearer access-"), "{token}");
    assert!(received.header("user-agent").is_some());
}

/// `oidcc-client-test-userinfo-invalid-sub`: claims about another person are refused, and so are malformed ones.
#[tokio::test]
async fn userinfo_is_about_the_person_of_the_id_token() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    for sub in [json!("2"), json!(null), json!(1), json!("")] {
        service.person("acme", verified("1", "ada@example.com"));
        service.script("acme", |script| {
            without_claims(script);
            let sub = sub.clone();
            script.userinfo = std::sync::Arc::new(move |claims| claims["sub"] = sub.clone());
        });
        assert_eq!(
            error_of(&host, &service, "acme").await,
            "oauth_failed",
            "{sub}"
        );
    }
    service.script("acme", |script| {
        script.userinfo = std::sync::Arc::new(|claims| *claims = Value::Array(Vec::new()));
    });
    error_of(&host, &service, "acme").await;
}
