//! Providers of plain OAuth 2.0, which answer as they like.

use gatewright_tests::MailService;
use gatewright_tests::host::Tokens;
use gatewright_tests::identity::{IdentityService, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use super::{OWN, VERIFIER, account, bound_path, error_of, parameter, signed_in};
use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::browser::Browser;

/// Endpoints and places of claims come from the settings.
#[tokio::test]
async fn a_person_comes_from_the_places_that_are_set() {
    let service = IdentityService::start(&[], &["hub"]);
    let host = service.host(&[OWN[0], ("LINK_BY_VERIFIED_EMAIL", "all")]);
    let person = |id: Value, email: &str, verified: Value| {
        let contact = json!({"email": email, "verified": verified});
        json!({"id": id, "name": "Ada", "contact": contact, "sub": "ignored"})
    };
    service.person("hub", person(json!(4711), "ada@example.com", json!(true)));
    let mut browser = Browser::default();
    let page = browser.begin(&host, "/auth/oauth/hub").await;
    for name in ["nonce", "scope", "response_mode"] {
        assert_eq!(parameter(&page, name), None, "{page}");
    }
    assert_eq!(parameter(&page, "code_challenge_method").unwrap(), "S256");
    let callback = service.visit(&page).await;
    let page = browser.come_back(&host, &callback).await;
    let code = parameter(&page, "code").unwrap();
    let tokens = Tokens::of(&browser.exchange(&host, &code).await.body);
    let ada = account(&host, &tokens).await;
    assert_eq!(ada["email"], "ada@example.com");
    assert_eq!(ada["email_verified"], true);
    assert_eq!(ada["display_name"], "Ada");
    let id = part(&tokens.access_token, 1)["sub"].clone();

    // A number and its text are one subject, and forms are read as JSON is.
    service.person(
        "hub",
        person(json!("4711"), "other@example.com", json!(false)),
    );
    service.script("hub", |script| script.answers_with_forms = true);
    let again = signed_in(&host, &service, "hub").await;
    assert_eq!(part(&again.access_token, 1)["sub"], id);
    // No subject, no person.
    for id in [
        json!(null),
        json!(""),
        json!(1.5),
        json!(true),
        json!({"a": 1}),
    ] {
        service.person("hub", person(id.clone(), "eve@example.com", json!(true)));
        assert_eq!(
            error_of(&host, &service, "hub").await,
            "oauth_failed",
            "{id}"
        );
    }
    // Only true is a proof of the address.
    for (at, word) in [json!("false"), json!("yes"), json!(null), json!(0)]
        .into_iter()
        .enumerate()
    {
        let email = format!("p{at}@example.com");
        service.person("hub", person(json!(at), &email, word.clone()));
        let tokens = signed_in(&host, &service, "hub").await;
        let account = account(&host, &tokens).await;
        assert_eq!(account["email_verified"], false, "{word}");
    }
}

/// Where addresses are verified first, the person follows the mailed link, and the provider names them once more. When they
/// signed in there, which plain OAuth 2.0 can't say, doesn't matter.
#[tokio::test]
async fn a_mailed_link_and_the_provider_verify_an_address() {
    let mail = MailService::start();
    let service = IdentityService::start(&[], &["hub"]);
    let settings = [OWN[0], ("REQUIRE_EMAIL_VERIFICATION", "true")];
    let host = service.host_with_mail(&mail, &settings);
    let person = |id: u8| json!({"id": id, "contact": {"email": "ada@example.com"}});
    service.person("hub", person(1));
    let answer = Browser::default().sign_in(&host, &service, "hub").await;
    assert_eq!(answer.body, json!({"verification_required": true}));
    let token = mail.link("verify_email", "ada@example.com");
    let path = format!("/auth/verify/{token}");
    host.post(&path, json!({}))
        .await
        .assert_error(403, "password_required");
    // Another person, and a code for something else, prove nothing.
    let refused = (400, "oauth_code_invalid");
    for (id, purpose, refused) in [
        (2, "verify", Some(refused)),
        (1, "link", Some(refused)),
        (1, "verify", None),
    ] {
        service.person("hub", person(id));
        let mut browser = Browser::default();
        let flow = bound_path("hub", purpose);
        let code = browser.code(&host, &service, &flow).await;
        let body = json!({"oauth_code": code, "code_verifier": VERIFIER});
        let answer = browser.send(&host, Method::POST, &path, Some(body)).await;
        match refused {
            Some((status, code)) => answer.assert_error(status, code),
            None => answer.assert_ok(),
        };
    }
    let tokens = signed_in(&host, &service, "hub").await;
    assert_eq!(account(&host, &tokens).await["email_verified"], true);
}

/// An error is one, whatever status it comes with.
#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let service = IdentityService::start(&["acme"], &["hub"]);
    let host = service.host(&OWN);
    for (media_type, body) in [
        (
            "application/json",
            r#"{"error":"bad_verification_code","error_description":"told to the log"}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            "error=bad_verification_code&error_description=a",
        ),
        ("application/json", r#"{"ok":false,"error":"invalid_code"}"#),
        (
            "application/json",
            r#"{"access_token":"a","error":"invalid_grant"}"#,
        ),
        ("application/json", r#"{"token_type":"bearer"}"#),
        (
            "application/json",
            r#"{"access_token":"a","token_type":"mac"}"#,
        ),
        ("application/json", r#"{"access_token":["a"]}"#),
    ] {
        service.person("hub", json!({"id": 1}));
        service.script("hub", |script| {
            let reply = Reply::Of(200, media_type, body.to_owned());
            script.replies.insert("token", reply);
        });
        assert_eq!(
            error_of(&host, &service, "hub").await,
            "oauth_failed",
            "{body}"
        );
    }
    host.wait_for_line(&["hub", "bad_verification_code"]);
    assert_eq!(service.requests("hub", "userinfo").len(), 0);
    for body in [r#"{"error":"unauthorized"}"#, "[]", r#"{"id":1"#] {
        service.person("hub", json!({"id": 1}));
        service.script("hub", |script| {
            let reply = Reply::Of(200, "application/json", body.to_owned());
            script.replies.insert("userinfo", reply);
        });
        error_of(&host, &service, "hub").await;
    }
}
