//! Front ends on another site, and apps: the one-time code is bound to a challenge (RFC 7636) instead of the
//! browser's cookie.

use gatewright_tests::host::{Answer, Host};
use gatewright_tests::identity::{IdentityService, challenge};
use reqwest::Method;
use serde_json::json;

use super::{OWN, VERIFIER, bound_path, link, parameter, present, signed_in, verified};
use crate::auth::cookies::browser::Browser;

fn path(rest: &str) -> String {
    let challenge = challenge(VERIFIER);
    format!("/auth/oauth/acme?code_challenge={challenge}&code_challenge_method=S256{rest}")
}

async fn exchange(host: &Host, code: &str, verifier: Option<&str>) -> u16 {
    let mut body = json!({"code": code});
    if let Some(verifier) = verifier {
        body["code_verifier"] = verifier.into();
    }
    let request = host
        .request(Method::POST, "/auth/oauth/exchange")
        .header("origin", "https://app.example.net")
        .header("sec-fetch-site", "cross-site")
        .json(&body);
    let answer = Answer::of(request).await;
    if answer.status != 200 {
        answer.assert_error(400, "oauth_code_invalid");
    }
    answer.status.as_u16()
}

/// The code is accepted with the verifier and without cookies, and not with another verifier or with cookies alone.
#[tokio::test]
async fn a_code_with_a_challenge_takes_its_verifier() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("CORS_ORIGINS", "https://app.example.net")]);
    service.person("acme", verified("1", "ada@example.com"));
    let there = "&redirect_to=https%3A%2F%2Fapp.example.net%2Fdone%3Fa%3Db";
    for (verifier, status) in [
        (Some(VERIFIER), 200),
        (Some("another-verifier-of-forty-three-characters-"), 400),
        (Some(""), 400),
        (None, 400),
    ] {
        let mut browser = Browser::default();
        let page = browser.go_through(&host, &service, &path(there)).await;
        assert!(
            page.starts_with("https://app.example.net/done?a=b&code="),
            "{page}"
        );
        let code = parameter(&page, "code").unwrap();
        assert_eq!(
            exchange(&host, &code, verifier).await,
            status,
            "{verifier:?}"
        );
    }
    // A page that isn't allowed signs nobody in to its own account by cookies, though it knows the verifier.
    let code = Browser::default().code(&host, &service, &path("")).await;
    let body = json!({"code": code, "code_verifier": VERIFIER, "transport": "cookie"});
    let request = host
        .request(Method::POST, "/auth/oauth/exchange")
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .json(&body);
    let answer = Answer::of(request).await;
    answer.assert_error(403, "cross_site_request");
    assert!(answer.headers.get("set-cookie").is_none());
    // The browser's cookie doesn't replace the verifier.
    let mut browser = Browser::default();
    let code = browser.code(&host, &service, &path("")).await;
    browser
        .exchange(&host, &code)
        .await
        .assert_error(400, "oauth_code_invalid");
    // A verifier doesn't replace the cookie of a flow without a challenge.
    let code = Browser::default()
        .code(&host, &service, "/auth/oauth/acme")
        .await;
    assert_eq!(exchange(&host, &code, Some(VERIFIER)).await, 400);
    // The challenge binds the front end to the service; the provider has another.
    let page = Browser::default().begin(&host, &path("")).await;
    assert_ne!(
        parameter(&page, "code_challenge"),
        Some(challenge(VERIFIER))
    );

    for (rest, field) in [
        (
            "code_challenge=short&code_challenge_method=S256",
            "code_challenge",
        ),
        (
            "code_challenge=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&code_challenge_method=plain",
            "code_challenge_method",
        ),
    ] {
        let answer = host.get(&format!("/auth/oauth/acme?{rest}")).await;
        answer.assert_error(422, "validation_failed");
        assert!(answer.broken_rules()[0].starts_with(field), "{answer:?}");
    }
}

/// A flow that somebody else began in a victim's browser would let them link the attacker's identity or prove the attacker.
/// Only the page that wanted the flow holds the verifier.
#[tokio::test]
async fn a_flow_for_a_session_needs_a_challenge() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("CORS_ORIGINS", "https://app.example.net")]);
    service.person("acme", verified("1", "ada@example.com"));
    let session = signed_in(&host, &service, "acme").await;
    for purpose in ["link", "reauthenticate", "verify"] {
        let path = format!("/auth/oauth/acme?purpose={purpose}");
        for from in [
            None,
            Some("none"),
            Some("same-origin"),
            Some("same-site"),
            Some("cross-site"),
        ] {
            let mut request = host.request(Method::GET, &path);
            if let Some(from) = from {
                request = request.header("sec-fetch-site", from);
            }
            let answer = Answer::of(request).await;
            answer.assert_error(422, "validation_failed");
            assert_eq!(
                answer.broken_rules(),
                ["code_challenge required"],
                "{from:?}"
            );
            assert!(answer.headers.get("set-cookie").is_none());
        }
    }

    // The cookie of the flow, which others can set, does not replace the verifier, nor does another verifier.
    service.person("acme", verified("2", "ada@example.net"));
    let token = &session.access_token;
    let linking = bound_path("acme", "link");
    for verifier in [None, Some("another-verifier-of-forty-three-characters-")] {
        let mut browser = Browser::default();
        let code = browser.code(&host, &service, &linking).await;
        let body = json!({"code": code, "code_verifier": verifier});
        present(&mut browser, &host, "/account/identities", token, body)
            .await
            .assert_error(400, "oauth_code_invalid");
    }

    // With it, a page of another site links, too.
    let mut browser = Browser::default();
    let answer = browser.open(&host, &linking, "cross-site").await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let callback = service.visit(answer.header("location")).await;
    let page = browser.come_back(&host, &callback).await;
    let code = parameter(&page, "code").unwrap();
    let body = json!({"code": code, "code_verifier": VERIFIER});
    let mut elsewhere = Browser::default();
    let linked = present(&mut elsewhere, &host, "/account/identities", token, body).await;
    assert_eq!(linked.status, 201, "{linked:?}");
    service.person("acme", verified("3", "ada@example.org"));
    assert_eq!(link(&host, &service, "acme", token).await.status, 201);
}
