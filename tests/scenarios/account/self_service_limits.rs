use gatewright_tests::host::{Host, PASSWORD, Tokens};
use serde_json::json;

/// V2.4.1: nobody can fill the disk by repeatedly changing their own account, and each user is counted separately.
#[tokio::test]
async fn changes_of_an_own_account_are_limited() {
    let host = Host::start(&[("CHANGES_PER_USER", "3")]);
    let ada = host.register("ada@example.com").await;
    let bob = host.register("bob@example.com").await;
    let rename = |tokens: &Tokens, name: &str| {
        let (token, body) = (tokens.access_token.clone(), json!({"display_name": name}));
        let host = &host;
        async move { host.send_as("PATCH", "/account", &token, body).await }
    };
    for name in ["a", "b", "c"] {
        rename(&ada, name).await.assert_ok();
    }
    // Another session doesn't avoid the limit.
    let again = host.login("ada@example.com").await;
    for tokens in [&ada, &again] {
        let refused = rename(tokens, "d").await;
        refused.assert_error(429, "rate_limited");
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=900).contains(&seconds));
    }
    let account = host.get_as("/account", &ada.access_token).await;
    assert_eq!(account.body["display_name"], "c");
    rename(&bob, "b").await.assert_ok();
    // A password change, which ends an intruder's access, is still allowed.
    let body = json!({"current_password": PASSWORD, "new_password": "another long passphrase"});
    let changed = host.send_as("POST", "/account/change-password", &ada.access_token, body);
    changed.await.assert_ok();
}

/// Limits of password checks within sessions, and of setting up a second factor.
#[tokio::test]
async fn each_kind_of_change_is_limited() {
    let host = Host::start(&[
        ("CHANGES_PER_USER", "2"),
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
    ]);
    let ada = host.register("ada@example.com").await;
    let token = &ada.access_token;
    for round in 0..3 {
        let answer = host.post_as("/auth/2fa/enable", token).await;
        match round {
            0 | 1 => answer.assert_error(403, "email_not_verified"),
            _ => answer.assert_error(429, "rate_limited"),
        }
    }
    for round in 0..3 {
        let body = json!({"email": format!("ada{round}@example.com"), "password": "wrong"});
        let answer = host
            .send_as("POST", "/account/change-email", token, body)
            .await;
        match round {
            0 | 1 => answer.assert_error(403, "wrong_password"),
            _ => answer.assert_error(429, "rate_limited"),
        }
    }
    // Signing out is always possible.
    let left = host.post_as("/auth/logout-all", token).await;
    assert_eq!(left.status, 204);
}

/// The limit of sessions that one user starts with the correct password.
#[tokio::test]
async fn sign_ins_of_one_user_are_limited() {
    let host = Host::start(&[("SIGN_INS_PER_USER", "2")]);
    host.register_with(json!({"email": "ada@example.com", "username": "ada"}))
        .await;
    host.register("bob@example.com").await;
    let login = |name: &str, password: &str| {
        host.post(
            "/auth/login",
            json!({"username": name, "password": password}),
        )
    };
    for name in ["ada@example.com", "ada"] {
        login(name, PASSWORD).await.assert_ok();
    }
    login("ada", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
    // Without the password the response doesn't reveal the limit.
    login("ada", "wrong")
        .await
        .assert_error(401, "invalid_credentials");
    login("bob@example.com", PASSWORD).await.assert_ok();
}

/// A session that is refreshed too often must wait, and then continues.
#[tokio::test]
async fn refreshes_of_one_session_are_limited() {
    let host = Host::start(&[("REFRESHES_PER_SESSION", "3")]);
    let mut tokens = host.register("ada@example.com").await;
    for _ in 0..3 {
        tokens = Tokens::of(&host.refresh(&tokens.refresh_token).await.body);
    }
    host.refresh(&tokens.refresh_token)
        .await
        .assert_error(429, "rate_limited");
    let me = host.get_as("/auth/me", &tokens.access_token).await;
    me.assert_ok();
    let elsewhere = host.login("ada@example.com").await;
    host.refresh(&elsewhere.refresh_token).await.assert_ok();
}
