//! Sign-ins that the person, the provider or the service refuses.

use gatewright_tests::host::SETUP;
use gatewright_tests::identity::IdentityService;
use serde_json::json;

use super::{OWN, error_of, signed_in, verified};
use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::SITE;
use crate::auth::cookies::browser::Browser;

/// The provider's text goes to the log, and never to a page.
#[tokio::test]
async fn a_refusal_comes_back_as_a_code_of_ours() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    for (error, code) in [
        ("access_denied", "oauth_denied"),
        ("invalid_scope", "oauth_failed"),
        ("login_required", "oauth_failed"),
        ("<script>alert(1)</script>", "oauth_failed"),
    ] {
        service.person("acme", verified("1", "ada@example.com"));
        service.script("acme", |script| script.refuses_with = Some(error));
        let mut browser = Browser::default();
        let page = browser
            .go_through(&host, &service, "/auth/oauth/acme")
            .await;
        assert_eq!(page, format!("{}/login?error={code}", SITE.1));
        // Its flow is over.
        assert_eq!(browser.names().len(), 0, "{error}");
    }
    host.wait_for_line(&["acme", "invalid_scope"]);
    // The page is the one that was asked for.
    service.script("acme", |script| script.refuses_with = Some("access_denied"));
    let path = "/auth/oauth/acme?redirect_to=/welcome%3Fa%3Db";
    let page = Browser::default().go_through(&host, &service, path).await;
    assert_eq!(page, format!("{}/welcome?a=b&error=oauth_denied", SITE.1));
    assert_eq!(service.requests("acme", "token").len(), 0);
}

/// A browser without a flow gets a page, a program JSON.
#[tokio::test]
async fn a_browser_gets_a_page_and_a_program_json() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    for (path, status, code) in [
        ("/auth/oauth/other", 404, "provider_unknown"),
        ("/auth/oauth/google", 404, "provider_unknown"),
        (
            "/auth/oauth/other/callback?state=a&code=b",
            404,
            "provider_unknown",
        ),
        ("/auth/oauth/acme/callback", 400, "oauth_state_invalid"),
        (
            "/auth/oauth/acme/callback?error=access_denied",
            400,
            "oauth_state_invalid",
        ),
    ] {
        host.get(path).await.assert_error(status, code);
        let mut browser = Browser::default();
        let page = browser.come_back(&host, path).await;
        assert_eq!(page, format!("{}/login?error={code}", SITE.1), "{path}");
    }
}

/// A disabled or deleted account is not signed in, and not created again while it exists.
#[tokio::test]
async fn a_disabled_account_is_refused() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    service.person("acme", verified("1", "ada@example.com"));
    let tokens = signed_in(&host, &service, "acme").await;
    let id = part(&tokens.access_token, 1)["sub"].clone();
    let path = format!("/users/{}", id.as_str().unwrap());
    let disabled = host
        .call_as("POST", &format!("{path}/disable"), root.token())
        .await;
    assert_eq!(disabled.status, 204);
    let answer = Browser::default().sign_in(&host, &service, "acme").await;
    // As with a password.
    answer.assert_error(403, "account_disabled");
    let deleted = host.send_as("DELETE", &path, root.token(), json!({})).await;
    assert_eq!(deleted.status, 204);
    let again = signed_in(&host, &service, "acme").await;
    assert_ne!(part(&again.access_token, 1)["sub"], id);
}

/// A provider's error makes no account, and a provider that isn't set up any more signs nobody in.
#[tokio::test]
async fn an_error_makes_no_account() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    service.person("acme", verified("1", "ada@example.com"));
    service.script("acme", |script| script.refuses_with = Some("server_error"));
    error_of(&host, &service, "acme").await;
    service.person("acme", verified("1", "ada@example.com"));
    let mut browser = Browser::default();
    let page = browser.begin(&host, "/auth/oauth/acme").await;
    let callback = service.visit(&page).await;
    let host = host.restart(&[("OIDC_PROVIDERS", "")]);
    let page = browser.come_back(&host, &callback).await;
    assert_eq!(page, format!("{}/login?error=provider_unknown", SITE.1));
    let all = host.get_as("/users", root.token()).await;
    assert_eq!(all.body["users"].as_array().unwrap().len(), 1);
}
