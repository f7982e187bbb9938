//! New tokens after each change of a user's credentials.

use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP, Tokens};
use serde_json::{Value, json};

use crate::auth::second_factor::{ada, code_now, enrol};

const NEW: &str = "a new and better password";

/// Asserts that neither token of a session works any more.
async fn is_over(host: &Host, before: &Tokens) {
    host.get_as("/auth/me", &before.access_token)
        .await
        .assert_error(401, "session_ended");
    host.refresh(&before.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
}

async fn works(host: &Host, tokens: &Tokens) {
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_ok();
    host.refresh(&tokens.refresh_token).await.assert_ok();
}

fn change(host: &Host, token: &str, current: &str, new: &str) -> impl Future<Output = Answer> {
    let body = json!({"current_password": current, "new_password": new});
    host.send_as("POST", "/account/change-password", token, body)
}

/// V7.2.4: a new password issues new tokens, and the old ones stop working.
#[tokio::test]
async fn a_changed_password_gives_other_tokens() {
    let host = Host::start(&[]);
    let before = host.register("ada@example.com").await;
    let changed = change(&host, &before.access_token, PASSWORD, NEW).await;
    changed.assert_ok();
    is_over(&host, &before).await;
    works(&host, &Tokens::of(&changed.body)).await;

    let login = json!({"email": "ada@example.com", "password": NEW, "transport": "session"});
    let opaque = host.post("/auth/login", login).await;
    let opaque = opaque.body["access_token"].as_str().unwrap();
    let changed = change(&host, opaque, NEW, PASSWORD).await;
    changed.assert_ok();
    let other = changed.body["access_token"].as_str().unwrap();
    assert!(other.starts_with("s_") && other != opaque, "{other}");
    assert!(changed.body.get("refresh_token").is_none());
    host.get_as("/auth/me", opaque)
        .await
        .assert_error(401, "session_ended");
    host.get_as("/auth/me", other).await.assert_ok();
    let sessions = host.get_as("/account/sessions", other).await.body;
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
}

/// V7.2.4: so does adding and removing a second factor.
#[tokio::test]
async fn a_second_factor_gives_other_tokens() {
    let host = Host::start(&[SETUP]);
    let before = ada(&host).await;
    let token = &before.access_token;
    let enabled = host.post_as("/auth/2fa/enable", token).await;
    let code = json!({"code": code_now(enabled.body["secret"].as_str().unwrap())});
    let elsewhere = host.login("ada@example.com").await;
    let confirmed = host.send_as("POST", "/auth/2fa/verify", token, code).await;
    confirmed.assert_ok();
    is_over(&host, &before).await;
    let tokens = Tokens::of(&confirmed.body["tokens"]);
    works(&host, &tokens).await;
    // Other sessions are not affected.
    works(&host, &elsewhere).await;

    let code = confirmed.body["recovery_codes"][0].clone();
    let both = json!({"password": PASSWORD, "code": code});
    let token = &tokens.access_token;
    let disabled = host.send_as("POST", "/auth/2fa/disable", token, both).await;
    disabled.assert_ok();
    host.get_as("/auth/me", token)
        .await
        .assert_error(401, "session_ended");
    works(&host, &Tokens::of(&disabled.body)).await;
}

/// V7.2.4: of concurrent password changes with one token, exactly one succeeds.
#[tokio::test]
async fn a_session_is_renewed_once() {
    let host = Host::start(&[SETUP]);
    let ada = ada(&host).await;
    let ada = enrol(&host, ada).await;
    let disable = |code: &str| {
        let both = json!({"password": PASSWORD, "code": code});
        host.send_as("POST", "/auth/2fa/disable", &ada.session.access_token, both)
    };
    let tries = ada.recovery_codes[..4].iter().map(|code| disable(code));
    let answers = futures::future::join_all(tries).await;
    let renewed: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(renewed.len(), 1, "{answers:?}");
    let token = renewed[0].body["access_token"].as_str().unwrap();
    let sessions = host.get_as("/account/sessions", token).await.body;
    let sessions = sessions["sessions"].as_array().map(Vec::len);
    assert_eq!(sessions, Some(1), "{answers:?}");
    assert_ne!(renewed[0].body, Value::Null);
}
