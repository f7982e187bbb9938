//! Requiring a new password.

use gatewright_tests::MailService;
use gatewright_tests::host::{PASSWORD, SETUP};
use serde_json::json;

use super::{NEW, done, link_to, login, make};

/// V6.4.6: an administrator can require a user to choose a new password, and never learns it.
#[tokio::test]
async fn an_administrator_has_a_password_reset() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user"]).await;
    let reset = format!("{}/reset-password", mia.path());
    let asked = host.call_as("POST", &reset, root.token()).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    host.get_as("/auth/me", mia.token())
        .await
        .assert_error(401, "session_ended");
    host.refresh(&mia.session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    login(&host, &mia.email, PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    assert_eq!(host.record(&root, &mia.id).await["has_password"], false);
    let token = link_to(&mail, "reset_required", &mia.email);
    assert!(!asked.text.contains(&token));
    let path = format!("/auth/reset-password/{token}");
    done(&host.post(&path, json!({"password": NEW})).await);
    login(&host, &mia.email, NEW).await.assert_ok();

    let nameless = make(
        &host,
        &root,
        json!({"username": "nameless", "password": PASSWORD}),
    )
    .await;
    let reset = format!("/users/{}/reset-password", nameless["id"].as_str().unwrap());
    host.call_as("POST", &reset, root.token())
        .await
        .assert_error(409, "no_email");
    // A user who has no way to choose a new password keeps the old one.
    let body = json!({"username": "nameless", "password": PASSWORD});
    host.post("/auth/login", body).await.assert_ok();
}
