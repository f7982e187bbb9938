//! Responses that a provider's page posts (OAuth 2.0 Form Post Response Mode).

use gatewright_tests::host::{Answer, Host, Tokens};
use gatewright_tests::identity::IdentityService;
use reqwest::Method;

use super::{OWN, parameter, verified};
use crate::auth::cookies::SITE;
use crate::auth::cookies::browser::Browser;

/// Posts the parameters of a callback, as the provider's page does: without the cookies, which are `SameSite=Lax`.
async fn post(host: &Host, callback: &str, further: &str) -> Answer {
    let url = callback.strip_prefix(SITE.1).unwrap();
    let (path, query) = url.split_once('?').unwrap();
    let request = host
        .request(Method::POST, path)
        .header("accept", "text/html")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "http://127.0.0.1")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("{query}{further}"));
    Answer::of(request).await
}

/// The POST is answered by a redirect to a GET, which has the cookies, and what it carries beside the standard is sealed.
#[tokio::test]
async fn a_posted_response_becomes_a_redirect() {
    let service = IdentityService::start(&["acme", "work"], &[]);
    let host = service.host(&[OWN[0], ("OIDC_ACME_RESPONSE_MODE", "form_post")]);
    service.person("acme", verified("1", "ada@example.com"));
    let mut browser = Browser::default();
    let page = browser.begin(&host, "/auth/oauth/acme").await;
    assert_eq!(parameter(&page, "response_mode").unwrap(), "form_post");
    let callback = service.visit(&page).await;
    let user = "&user=%7B%22name%22%3A%7B%22firstName%22%3A%22Eve%22%7D%7D&extra=1";
    let posted = post(&host, &callback, user).await;
    assert_eq!(posted.status, 303, "{posted:?}");
    assert!(posted.headers.get("set-cookie").is_none());
    let location = posted.header("location");
    for name in ["code", "state", "iss"] {
        assert_eq!(parameter(location, name), parameter(&callback, name));
    }
    assert!(!location.contains("firstName") && !location.contains("Eve"));
    assert_eq!(parameter(location, "extra"), None);
    let page = browser.come_back(&host, location).await;
    let code = parameter(&page, "code").unwrap_or_else(|| panic!("{page}"));
    let answer = browser.exchange(&host, &code).await;
    answer.assert_ok();
    // The unsigned name is not taken for the account's.
    let token = answer.body["access_token"].as_str().unwrap();
    let account = host.get_as("/account", token).await;
    assert_eq!(account.body["display_name"], "Ada Lovelace");

    // Another browser finds no flow, and errors cross in the same way.
    let page = browser.begin(&host, "/auth/oauth/acme").await;
    let callback = service.visit(&page).await;
    let posted = post(&host, &callback, "").await;
    let location = posted.header("location").to_owned();
    let refused = Browser::default().come_back(&host, &location).await;
    assert_eq!(parameter(&refused, "error").unwrap(), "oauth_state_invalid");
    service.script("acme", |script| script.refuses_with = Some("access_denied"));
    let page = browser.begin(&host, "/auth/oauth/acme").await;
    let callback = service.visit(&page).await;
    let posted = post(&host, &callback, "").await;
    let page = browser.come_back(&host, posted.header("location")).await;
    assert_eq!(parameter(&page, "error").unwrap(), "oauth_denied");

    // Only a provider that is set to post does, and not at any length.
    let other = callback.replace("/acme/", "/work/");
    let answer = post(&host, &other, "").await;
    let page = answer.header("location");
    assert!(
        page.starts_with(&format!("{}/login?error=", SITE.1)),
        "{answer:?}"
    );
    let long = format!("&user={}", "a".repeat(17 << 10));
    let answer = post(&host, &callback, &long).await;
    assert!(
        matches!(answer.status.as_u16(), 400 | 413 | 422),
        "{answer:?}"
    );
}

/// The same holds on the path of fastapi-users, whose flow comes back to that path.
#[tokio::test]
async fn a_posted_response_stays_on_the_path_of_its_flow() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("OIDC_ACME_RESPONSE_MODE", "form_post")]);
    service.person("acme", verified("1", "ada@example.com"));
    let mut browser = Browser::default();
    let path = "/auth/acme/authorize";
    let answer = browser.send(&host, Method::GET, path, None).await;
    let page = answer.body["authorization_url"].as_str().unwrap();
    assert_eq!(parameter(page, "response_mode").unwrap(), "form_post");
    let callback = service.visit(page).await;
    let posted = post(&host, &callback, "").await;
    assert_eq!(posted.status, 303, "{posted:?}");
    let location = posted.header("location");
    assert_eq!(location.split('?').next(), callback.split('?').next());
    let answer = browser.open(&host, location, "cross-site").await;
    answer.assert_ok();
    let tokens = Tokens::of(&answer.body);
    let me = host.get_as("/auth/me", &tokens.access_token).await;
    assert_eq!(me.body["email"], "ada@example.com");
    let unknown = callback.replace("/acme/", "/other/");
    post(&host, &unknown, "")
        .await
        .assert_error(404, "provider_unknown");
    let host = host.restart(&[("COMPATIBILITY_ROUTES", "false")]);
    post(&host, &callback, "")
        .await
        .assert_error(404, "not_found");
}
