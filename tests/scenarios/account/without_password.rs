//! Accounts without a password.

use std::time::{SystemTime, UNIX_EPOCH};

use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use gatewright_tests::identity::IdentityService;
use serde_json::{Value, json};

use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::browser::Browser;
use crate::auth::oauth::{
    OWN, VERIFIER, account, bound_path, parameter, present, signed_in, verified,
};
use crate::auth::second_factor::enrol;

/// Just after the ten minutes for which a proof is valid.
const LATER: u64 = 601;

async fn ada(service: &IdentityService) -> (Host, Tokens) {
    let host = service.host(&[OWN[0], ("LINK_BY_VERIFIED_EMAIL", "all")]);
    service.person("acme", verified("1", "ada@example.com"));
    let tokens = signed_in(&host, service, "acme").await;
    (host, tokens)
}

/// Returns the path at which the proof of a person begins.
fn proof(provider: &str) -> String {
    bound_path(provider, "reauthenticate")
}

/// Proves the person by the provider, with further members of the request.
async fn prove(host: &Host, service: &IdentityService, token: &str, further: Value) -> Answer {
    let mut browser = Browser::default();
    let code = browser.code(host, service, &proof("acme")).await;
    let mut body = json!({"oauth_code": code, "code_verifier": VERIFIER});
    for (name, value) in further.as_object().unwrap() {
        body[name] = value.clone();
    }
    present(&mut browser, host, "/auth/reauthenticate", token, body).await
}

/// V7.5.1: a person without a password signs in at the provider again, which says when that was.
#[tokio::test]
async fn the_provider_proves_a_person_once_more() {
    let service = IdentityService::start(&["acme", "work"], &["hub"]);
    let (host, tokens) = ada(&service).await;
    let host = host.restart_later(LATER);
    service.set_ahead(LATER);
    let token = &tokens.access_token;
    let name = |token: &str| {
        let body = json!({"username": "ada"});
        let token = token.to_owned();
        let host = &host;
        async move { host.send_as("PATCH", "/account", &token, body).await }
    };
    name(token)
        .await
        .assert_error(403, "reauthentication_required");
    // The request asks for a fresh sign-in, and the answer must say that there was one.
    let mut browser = Browser::default();
    let path = proof("acme");
    let page = browser.begin(&host, &path).await;
    assert_eq!(parameter(&page, "max_age").as_deref(), Some("0"), "{page}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = now.as_secs() + LATER;
    for auth_time in [
        json!(null),
        json!(now - 120),
        json!(0),
        json!(now.to_string()),
        json!(now + 600),
    ] {
        service.person("acme", verified("1", "ada@example.com"));
        service.script("acme", |script| {
            script.claim("auth_time", auth_time.clone())
        });
        let page = Browser::default().go_through(&host, &service, &path).await;
        let error = parameter(&page, "error");
        assert_eq!(error.as_deref(), Some("oauth_failed"), "{auth_time} {page}");
    }
    // Another identity proves another person, and so does one that isn't linked.
    for provider in ["acme", "work"] {
        service.person(provider, verified("2", "eve@example.com"));
        let mut browser = Browser::default();
        let code = browser.code(&host, &service, &proof(provider)).await;
        let body = json!({"oauth_code": code, "code_verifier": VERIFIER});
        let path = "/auth/reauthenticate";
        let answer = present(&mut browser, &host, path, token, body).await;
        assert!(answer.status.is_client_error(), "{answer:?}");
        name(token)
            .await
            .assert_error(403, "reauthentication_required");
    }
    // Plain OAuth 2.0 can't say when a person signed in.
    service.person("hub", json!({"id": 1}));
    let mut browser = Browser::default();
    let answer = browser.open(&host, &proof("hub"), "same-origin").await;
    assert_eq!(
        parameter(answer.header("location"), "state"),
        None,
        "{answer:?}"
    );

    service.person("acme", verified("1", "ada@example.com"));
    let proved = prove(&host, &service, token, json!({})).await;
    let renewed = Tokens::of(&proved.body);
    name(&renewed.access_token).await.assert_ok();
    // V7.2.4: with new tokens.
    host.get_as("/auth/me", token)
        .await
        .assert_error(401, "session_ended");
}

/// A sign-in is as old as the provider says, so that a session at the provider is no fresh proof.
#[tokio::test]
async fn an_old_sign_in_at_the_provider_is_no_recent_proof() {
    let service = IdentityService::start(&["acme"], &[]);
    let (host, _) = ada(&service).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let then = now.as_secs() - 3600;
    service.script("acme", |script| script.claim("auth_time", json!(then)));
    let tokens = signed_in(&host, &service, "acme").await;
    assert_eq!(part(&tokens.access_token, 1)["auth_time"], json!(then));
    let body = json!({"username": "ada"});
    host.send_as("PATCH", "/account", &tokens.access_token, body)
        .await
        .assert_error(403, "reauthentication_required");
}

/// A first password, a second factor, another address and the end of the account need a recent sign-in instead of a
/// password.
#[tokio::test]
async fn a_recent_sign_in_takes_the_place_of_the_password() {
    let service = IdentityService::start(&["acme"], &[]);
    let (host, tokens) = ada(&service).await;
    let acts = [
        (
            "POST",
            "/account/change-password",
            json!({"new_password": PASSWORD}),
        ),
        ("POST", "/auth/2fa/enable", json!({})),
        (
            "POST",
            "/account/change-email",
            json!({"email": "new@example.com"}),
        ),
        ("DELETE", "/account", json!({})),
    ];
    let host = host.restart_later(LATER);
    service.set_ahead(LATER);
    for (method, path, body) in &acts {
        host.send_as(method, path, &tokens.access_token, body.clone())
            .await
            .assert_error(403, "reauthentication_required");
    }
    // A made-up password is none.
    let body = json!({"current_password": PASSWORD, "new_password": "a new and better one"});
    let path = "/account/change-password";
    let answer = host.send_as("POST", path, &tokens.access_token, body);
    let answer = answer.await;
    assert!(answer.status.is_client_error(), "{answer:?}");

    let proved = prove(&host, &service, &tokens.access_token, json!({})).await;
    let tokens = Tokens::of(&proved.body);
    let asked = json!({"email": "new@example.com"});
    let asked = host.send_as("POST", "/account/change-email", &tokens.access_token, asked);
    assert_eq!(asked.await.status, 202);
    host.post_as("/auth/2fa/enable", &tokens.access_token)
        .await
        .assert_ok();
    let first = json!({"new_password": PASSWORD});
    let changed = host.send_as("POST", path, &tokens.access_token, first);
    let tokens = Tokens::of(&changed.await.body);
    let seen = account(&host, &tokens).await;
    assert_eq!(seen["has_password"], true);
    // From then on the password is asked for, and signs in.
    let second = json!({"new_password": "a new and better one"});
    let answer = host.send_as("POST", path, &tokens.access_token, second);
    assert!(answer.await.status.is_client_error());
    host.login("ada@example.com").await;
}

/// V7.5.1: with a second factor, a proof is both, also for a person whose first one is a provider.
#[tokio::test]
async fn with_a_second_factor_a_proof_by_a_provider_takes_a_code() {
    let service = IdentityService::start(&["acme"], &[]);
    let (host, tokens) = ada(&service).await;
    let before = signed_in(&host, &service, "acme").await.access_token;
    let enrolled = enrol(&host, tokens).await;
    let alone = prove(&host, &service, &before, json!({})).await;
    assert_eq!(alone.broken_rules(), ["code required"], "{alone:?}");
    let wrong = prove(&host, &service, &before, json!({"code": "000000"})).await;
    wrong.assert_error(403, "invalid_code");
    let first = json!({"new_password": PASSWORD});
    let path = "/account/change-password";
    host.send_as("POST", path, &before, first.clone())
        .await
        .assert_error(403, "reauthentication_required");
    let code = json!({"code": enrolled.recovery_codes[0]});
    let proved = prove(&host, &service, &before, code).await;
    let token = Tokens::of(&proved.body).access_token;
    host.send_as("POST", path, &token, first).await.assert_ok();
    let login = json!({
        "email": "ada@example.com",
        "password": PASSWORD,
        "totp_code": enrolled.recovery_codes[1],
    });
    host.post("/auth/login", login).await.assert_ok();
}

/// An account without a password can be deleted, and a weak first password is refused.
#[tokio::test]
async fn an_account_without_a_password_can_be_deleted() {
    let service = IdentityService::start(&["acme"], &[]);
    let (host, tokens) = ada(&service).await;
    let weak = json!({"new_password": "short"});
    let path = "/account/change-password";
    let answer = host.send_as("POST", path, &tokens.access_token, weak);
    assert_eq!(answer.await.broken_rules(), ["new_password too_short"]);
    let id = account(&host, &tokens).await["id"].clone();
    let gone = host
        .send_as("DELETE", "/account", &tokens.access_token, json!({}))
        .await;
    assert_eq!(gone.status, 204, "{gone:?}");
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_error(401, "session_ended");
    // The identity is free again.
    let again = signed_in(&host, &service, "acme").await;
    assert_ne!(account(&host, &again).await["id"], id);
}
