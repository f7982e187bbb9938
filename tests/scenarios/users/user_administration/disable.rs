//! Disabling, unlocking and deleting users.

use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP};
use serde_json::json;

use super::{NOBODY, done, listed, login, make};

/// V7.4.2: a disabled user is locked out from the next request, in every way, until enabled again.
#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let body = json!({"email": mia.email, "password": PASSWORD, "transport": "session"});
    let opaque = host.post("/auth/login", body).await;
    let opaque = opaque.body["access_token"].as_str().unwrap();
    host.get_as("/users", mia.token()).await.assert_ok();
    let disable = format!("{}/disable", mia.path());
    let enable = format!("{}/enable", mia.path());
    for _ in 0..2 {
        done(&host.call_as("POST", &disable, root.token()).await);
    }
    for token in [mia.token(), opaque] {
        for path in ["/users", "/auth/me", "/account"] {
            host.get_as(path, token)
                .await
                .assert_error(401, "session_ended");
        }
    }
    host.refresh(&mia.session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    login(&host, &mia.email, PASSWORD)
        .await
        .assert_error(403, "account_disabled");
    login(&host, &mia.email, "not the right password")
        .await
        .assert_error(401, "invalid_credentials");
    let record = host.record(&root, &mia.id).await;
    assert_eq!(record["disabled"], true);
    assert!(record["disabled_at"].is_string());

    for _ in 0..2 {
        done(&host.call_as("POST", &enable, root.token()).await);
    }
    let record = host.record(&root, &mia.id).await;
    assert_eq!(record["disabled"], false);
    assert_eq!(record["disabled_at"], json!(null));
    // Ended sessions stay ended.
    host.get_as("/auth/me", mia.token())
        .await
        .assert_error(401, "session_ended");
    let again = host.login(&mia.email).await;
    host.get_as("/users", &again.access_token).await.assert_ok();
    for action in ["disable", "enable", "unlock", "reset-password"] {
        let path = format!("{NOBODY}/{action}");
        host.call_as("POST", &path, root.token())
            .await
            .assert_error(404, "not_found");
    }
}

/// V6.3.1: an account with too many wrong attempts is shown as locked, and an administrator can unlock it.
#[tokio::test]
async fn a_locked_account_is_unlocked() {
    let host = Host::start(&[SETUP, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "1")]);
    let root = host.administrator().await;
    let body = json!({"email": "ada@example.com", "username": "ada", "password": PASSWORD});
    let ada = make(&host, &root, body).await;
    let id = ada["id"].as_str().unwrap();
    let mut last = None;
    for network in 2..20 {
        let address = std::net::IpAddr::from([127, 0, 0, network]);
        let client = reqwest::Client::builder().local_address(address);
        let url = format!("{}/auth/login", host.base());
        let body = json!({"email": "ada@example.com", "password": "not the right password"});
        let guess = client.build().unwrap().post(url).json(&body);
        last = Some(Answer::of(guess).await);
    }
    last.unwrap().assert_error(429, "rate_limited");
    login(&host, "ada@example.com", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
    let is_listed = |answer: &Answer| listed(answer) == ["ada@example.com"];
    host.wait_until("/users?locked=true", root.token(), is_listed)
        .await;
    let record = host.record(&root, id).await;
    assert!(record["locked_until"].is_string(), "{record}");
    let unlock = format!("/users/{id}/unlock");
    for _ in 0..2 {
        done(&host.call_as("POST", &unlock, root.token()).await);
    }
    let record = host.record(&root, id).await;
    assert_eq!(record["locked_until"], json!(null));
    let path = "/users?locked=true";
    assert!(listed(&host.get_as(path, root.token()).await).is_empty());
    login(&host, "ada@example.com", PASSWORD).await.assert_ok();
}

/// A deleted user's data is deleted, too.
#[tokio::test]
async fn a_user_is_deleted() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user"]).await;
    done(&host.call_as("DELETE", &mia.path(), root.token()).await);
    for method in ["GET", "DELETE"] {
        host.call_as(method, &mia.path(), root.token())
            .await
            .assert_error(404, "not_found");
    }
    host.get_as("/auth/me", mia.token())
        .await
        .assert_error(401, "session_ended");
    host.refresh(&mia.session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    login(&host, &mia.email, PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    // Another user can use the address.
    let again = host.person(&root, "mia", &["user"]).await;
    assert_ne!(again.id, mia.id);
}
