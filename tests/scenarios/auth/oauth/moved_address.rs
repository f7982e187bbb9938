//! Accounts whose address an administrator has changed.

use gatewright_tests::MailService;
use gatewright_tests::host::SETUP;
use gatewright_tests::identity::IdentityService;
use reqwest::Method;
use serde_json::json;

use super::{OWN, VERIFIER, account, bound_path, signed_in, verified};
use crate::auth::cookies::browser::Browser;

/// The next sign-in waits for the proof of the new address. The account stays, with its identifier and its roles.
#[tokio::test]
async fn an_account_survives_a_change_of_its_address() {
    let mail = MailService::start();
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [
        OWN[0],
        SETUP,
        ("REQUIRE_EMAIL_VERIFICATION", "true"),
        ("LINK_BY_VERIFIED_EMAIL", "all"),
    ];
    let host = service.host_with_mail(&mail, &settings);
    let root = host.administrator().await;
    service.person("acme", verified("1", "old@example.com"));
    let tokens = signed_in(&host, &service, "acme").await;
    let before = account(&host, &tokens).await;
    let path = format!("/users/{}", before["id"].as_str().unwrap());
    let moderator = format!("{path}/roles/moderator");
    let granted = host.send_as("POST", &moderator, root.token(), json!({}));
    assert!(granted.await.status.is_success());
    let moved = json!({"email": "new@example.com"});
    host.send_as("PATCH", &path, root.token(), moved)
        .await
        .assert_ok();

    let answer = Browser::default().sign_in(&host, &service, "acme").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body, json!({"verification_required": true}));
    let token = loop {
        let message = mail.next().message;
        if message["kind"] == "verify_email" {
            assert_eq!(message["to"], "new@example.com");
            break gatewright_tests::link_of(&message);
        }
    };
    let mut browser = Browser::default();
    let code = browser
        .code(&host, &service, &bound_path("acme", "verify"))
        .await;
    let body = json!({"oauth_code": code, "code_verifier": VERIFIER});
    let path = format!("/auth/verify/{token}");
    let done = browser.send(&host, Method::POST, &path, Some(body)).await;
    done.assert_ok();
    let tokens = signed_in(&host, &service, "acme").await;
    let after = account(&host, &tokens).await;
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["email"], "new@example.com");
    let roles = after["roles"].as_array().unwrap();
    assert!(roles.contains(&json!("moderator")), "{after}");
}
