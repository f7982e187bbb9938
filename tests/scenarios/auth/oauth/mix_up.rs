//! Responses that another issuer sends (RFC 9207, RFC 9700 section 4.4).

use gatewright_tests::identity::IdentityService;
use serde_json::json;

use super::{OWN, error_of, signed_in, verified};

/// A code is sent to the issuer that it is from, and to no other.
#[tokio::test]
async fn a_response_names_its_issuer() {
    let service = IdentityService::start(&["acme", "quiet", "work"], &[]);
    let host = service.host(&OWN);
    let other = json!(service.issuer("work"));
    for name in ["acme", "quiet"] {
        for (iss, refuses_with, expected) in [
            (Some(&other), None, Some("oauth_failed")),
            // Also a refusal is from the issuer, or from nobody.
            (Some(&other), Some("access_denied"), Some("oauth_failed")),
            (Some(&json!("")), None, Some("oauth_failed")),
            // Only an issuer that promises to name itself has to.
            (
                Some(&json!(null)),
                None,
                (name == "acme").then_some("oauth_failed"),
            ),
            (None, None, None),
        ] {
            service.person(name, verified("1", &format!("{name}@example.com")));
            service.script(name, |script| {
                script.refuses_with = refuses_with;
                if name == "quiet" {
                    let member = "authorization_response_iss_parameter_supported";
                    script.member(member, json!(null));
                }
                if let Some(iss) = iss {
                    script.parameter("iss", iss.clone());
                }
            });
            let before = service.requests(name, "token").len();
            match expected {
                Some(code) => {
                    assert_eq!(
                        error_of(&host, &service, name).await,
                        code,
                        "{name} {iss:?}"
                    );
                    assert_eq!(service.requests(name, "token").len(), before);
                }
                None => drop(signed_in(&host, &service, name).await),
            }
        }
    }
}

/// Metadata name the issuer that they were fetched from, and endpoints at hosts that the operator knows.
#[tokio::test]
async fn metadata_of_another_issuer_are_refused() {
    let service = IdentityService::start(&["acme", "work", "far", "far2", "weak"], &[]);
    let host = service.host(&OWN);
    let elsewhere = "https://evil.example/token";
    for (name, member, value) in [
        ("acme", "issuer", json!(service.issuer("work"))),
        ("work", "issuer", json!(null)),
        ("far", "token_endpoint", json!(elsewhere)),
        ("far2", "jwks_uri", json!(elsewhere)),
        (
            "weak",
            "id_token_signing_alg_values_supported",
            json!(["HS256", "none"]),
        ),
    ] {
        service.script(name, |script| script.member(member, value));
        let answer = host.get(&format!("/auth/oauth/{name}")).await;
        assert!(
            matches!(answer.status.as_u16(), 502 | 503),
            "{name} {answer:?}"
        );
        assert!(answer.headers.get("set-cookie").is_none(), "{name}");
    }
    host.wait_for_line(&["far", "evil.example", "OIDC_FAR_HOSTS"]);
}
