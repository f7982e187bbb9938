//! The paths of fastapi-users.

use gatewright_tests::host::{Answer, Host, Tokens};
use gatewright_tests::identity::IdentityService;
use reqwest::Method;
use serde_json::Value;

use super::{OWN, parameter, verified};
use crate::auth::cookies::SITE;
use crate::auth::cookies::browser::Browser;

async fn authorize(browser: &mut Browser, host: &Host) -> String {
    let path = "/auth/acme/authorize?scopes=email";
    let answer = browser.send(host, Method::GET, path, None).await;
    answer.assert_ok();
    let Value::String(url) = &answer.body["authorization_url"] else {
        panic!("{answer:?}");
    };
    let redirect_uri = format!("{}/auth/acme/callback", SITE.1);
    assert_eq!(parameter(url, "redirect_uri").unwrap(), redirect_uri);
    url.clone()
}

/// Elements of pages, and pages of other sites, would otherwise fill the browser with cookies.
#[tokio::test]
async fn a_flow_begins_for_a_script_of_an_own_page_only() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    for (site, mode, begins) in [
        ("same-origin", "no-cors", false),
        ("same-site", "cors", false),
        ("cross-site", "no-cors", false),
        ("same-origin", "cors", true),
    ] {
        let request = host.request(Method::GET, "/auth/acme/authorize");
        let request = request.header("sec-fetch-site", site);
        let answer = Answer::of(request.header("sec-fetch-mode", mode)).await;
        if begins {
            answer.assert_ok();
        } else {
            answer.assert_error(403, "cross_site_request");
        }
        assert_eq!(
            !answer.header("set-cookie").is_empty(),
            begins,
            "{site} {mode}"
        );
    }
}

/// The page gets the provider's address as JSON, and the callback answers with tokens, or with 204 and cookies.
#[tokio::test]
async fn the_callback_answers_with_the_session() {
    let service = IdentityService::start(&["acme"], &[]);
    service.person("acme", verified("1", "ada@example.com"));
    let host = service.host(&OWN);
    let mut browser = Browser::default();
    let page = authorize(&mut browser, &host).await;
    let callback = service.visit(&page).await;
    let answer = browser.open(&host, &callback, "cross-site").await;
    answer.assert_ok();
    let tokens = Tokens::of(&answer.body);
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_ok();
    assert_eq!(browser.names().len(), 0);
    // Once, for the browser, and on its own path.
    let again = browser.open(&host, &callback, "cross-site").await;
    again.assert_error(400, "oauth_state_invalid");
    let page = authorize(&mut browser, &host).await;
    let callback = service.visit(&page).await;
    let foreign = Browser::default()
        .open(&host, &callback, "cross-site")
        .await;
    foreign.assert_error(400, "oauth_state_invalid");
    let other = callback.replace("/auth/acme/", "/auth/oauth/acme/");
    let page = browser.come_back(&host, &other).await;
    assert_eq!(parameter(&page, "error").unwrap(), "oauth_state_invalid");
    service.script("acme", |script| script.refuses_with = Some("access_denied"));
    let before = browser.names().len();
    let page = authorize(&mut browser, &host).await;
    let callback = service.visit(&page).await;
    let refused = browser.open(&host, &callback, "cross-site").await;
    refused.assert_error(403, "oauth_denied");
    assert_eq!(browser.names().len(), before);
    host.get("/auth/other/authorize")
        .await
        .assert_error(404, "provider_unknown");
    // Neighbours of these paths are as before.
    host.get("/auth/me")
        .await
        .assert_error(401, "unauthenticated");

    service.person("acme", verified("1", "ada@example.com"));
    let host = host.restart(&[("SESSION_TRANSPORT", "cookie")]);
    let mut browser = Browser::default();
    let page = authorize(&mut browser, &host).await;
    let callback = service.visit(&page).await;
    let answer = browser.open(&host, &callback, "cross-site").await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(browser.names(), ["__Host-session"]);
    browser.me(&host).await.assert_ok();

    let host = host.restart(&[("COMPATIBILITY_ROUTES", "false")]);
    host.get("/auth/acme/authorize")
        .await
        .assert_error(404, "not_found");
}
