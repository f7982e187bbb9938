//! Cookies whose session is replaced by another.

use gatewright_tests::host::{Host, PASSWORD};
use reqwest::Method;
use serde_json::json;

use super::SITE;
use super::browser::Browser;

/// Signs a browser in with this transport, and returns it twice: its current and its later outdated state.
async fn signed_in(host: &Host, transport: &str) -> (Browser, Browser) {
    let mut browser = Browser::default();
    browser.login(host, transport).await;
    browser.me(host).await.assert_ok();
    let before = browser.clone();
    (browser, before)
}

/// Asserts that the earlier cookies no longer work.
async fn is_over(host: &Host, mut before: Browser, transport: &str) {
    if transport == "jwt_cookie" {
        before
            .clone()
            .refresh(host)
            .await
            .assert_error(401, "invalid_refresh_token");
    }
    before.me(host).await.assert_error(401, "session_ended");
}

/// V7.2.4: signing in again with cookies ends their session, even if the access token is missing; other sessions stay.
#[tokio::test]
async fn signing_in_anew_ends_the_session_in_the_cookies() {
    let host = Host::start(&[SITE, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0")]);
    let elsewhere = host.register("ada@example.com").await;
    for transport in ["cookie", "jwt_cookie"] {
        let (mut browser, before) = signed_in(&host, transport).await;
        browser.login(&host, transport).await;
        is_over(&host, before, transport).await;
        browser.me(&host).await.assert_ok();

        // From one transport to the other, and with only the refresh token left.
        let (mut browser, before) = signed_in(&host, transport).await;
        browser.0.retain(|cookie| cookie.name != "__Host-access");
        let other = if transport == "cookie" {
            "jwt_cookie"
        } else {
            "cookie"
        };
        browser.login(&host, other).await;
        is_over(&host, before, transport).await;

        // As another user.
        let (mut browser, before) = signed_in(&host, transport).await;
        let bob = json!({"email": format!("{transport}@example.com"), "password": PASSWORD, "transport": transport});
        let made = browser.send(&host, Method::POST, "/auth/register", Some(bob));
        assert_eq!(made.await.status, 201);
        is_over(&host, before, transport).await;

        // Tokens in the body replace no cookie.
        let (mut browser, before) = signed_in(&host, transport).await;
        browser.login(&host, "jwt").await;
        assert_eq!(browser.0, before.0);
        browser.me(&host).await.assert_ok();
    }
    host.get_as("/auth/me", &elsewhere.access_token)
        .await
        .assert_ok();
}

/// V7.2.4: changing the password sends the new tokens as cookies, and in no other way.
#[tokio::test]
async fn a_changed_password_gives_other_cookies() {
    let host = Host::start(&[SITE]);
    host.register("ada@example.com").await;
    let (mut current, mut new) = (PASSWORD, "a new and better password");
    for transport in ["cookie", "jwt_cookie"] {
        let body = json!({"email": "ada@example.com", "password": current, "transport": transport});
        let mut browser = Browser::default();
        let login = browser.send(&host, Method::POST, "/auth/login", Some(body));
        login.await.assert_ok();
        let before = browser.clone();
        let body = json!({"current_password": current, "new_password": new});
        let path = "/account/change-password";
        let changed = browser.send(&host, Method::POST, path, Some(body)).await;
        changed.assert_ok();
        assert!(changed.body["expires_in"].is_u64(), "{changed:?}");
        for token in ["access_token", "refresh_token"] {
            assert!(changed.body.get(token).is_none(), "{changed:?}");
        }
        assert_eq!(browser.names(), before.names());
        is_over(&host, before, transport).await;
        browser.me(&host).await.assert_ok();
        if transport == "jwt_cookie" {
            browser.refresh(&host).await.assert_ok();
        }
        (current, new) = (new, current);
    }
}
