//! Sessions in cookies that the callback starts itself.

use gatewright_tests::host::Answer;
use gatewright_tests::identity::IdentityService;
use serde_json::json;

use super::{OWN, parameter, signed_in, verified};
use crate::auth::cookies::SITE;
use crate::auth::cookies::browser::Browser;
use crate::auth::second_factor::enrol;

/// With `transport`, the callback signs the browser in without another request.
#[tokio::test]
async fn the_callback_starts_a_session_in_cookies() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    service.person("acme", verified("1", "ada@example.com"));
    for (transport, cookies) in [
        ("cookie", &["__Host-session"][..]),
        (
            "jwt_cookie",
            &["__Host-access", "__Secure-refresh", "__Host-sid"],
        ),
    ] {
        let mut browser = Browser::default();
        let path = format!("/auth/oauth/acme?transport={transport}&redirect_to=/welcome");
        let page = browser.go_through(&host, &service, &path).await;
        assert_eq!(page, format!("{}/welcome", SITE.1));
        assert_eq!(browser.names(), cookies);
        let me = browser.me(&host).await;
        me.assert_ok();
        // The session that the browser had ends, as with any other sign-in.
        let mut before = browser.clone();
        browser.go_through(&host, &service, &path).await;
        before.me(&host).await.assert_error(401, "session_ended");
        let now = browser.me(&host).await;
        assert_eq!(now.body["id"], me.body["id"]);
        assert_ne!(now.body["session_id"], me.body["session_id"]);
    }
    for (query, field) in [
        ("transport=jwt", "transport"),
        ("transport=session", "transport"),
        ("transport=other", "transport"),
        ("transport=cookie&purpose=link", "transport"),
        ("purpose=other", "purpose"),
    ] {
        let answer = host.get(&format!("/auth/oauth/acme?{query}")).await;
        answer.assert_error(422, "validation_failed");
        assert!(answer.broken_rules()[0].starts_with(field), "{answer:?}");
    }
}

/// A further step has a page of the service, and the callback starts no session before it.
#[tokio::test]
async fn a_further_step_comes_before_the_session() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("LINK_BY_VERIFIED_EMAIL", "all")]);
    service.person("acme", verified("1", "ada@example.com"));
    let ada = enrol(&host, signed_in(&host, &service, "acme").await).await;
    let mut browser = Browser::default();
    let path = "/auth/oauth/acme?transport=cookie&redirect_to=/welcome";
    let page = browser.go_through(&host, &service, path).await;
    assert!(page.starts_with(&format!("{}/login?", SITE.1)), "{page}");
    browser.me(&host).await.assert_error(401, "unauthenticated");
    let code = parameter(&page, "code").unwrap_or_else(|| panic!("{page}"));
    let challenge = browser.exchange(&host, &code).await;
    challenge.assert_ok();
    assert_eq!(challenge.body["mfa_required"], true);
    let welcome = format!("{}/welcome", SITE.1);
    assert_eq!(challenge.body["redirect_to"], *welcome);
    assert_eq!(challenge.body["transport"], "cookie");
    let answer = json!({
        "mfa_token": challenge.body["mfa_token"],
        "code": ada.recovery_codes[0],
        "transport": "cookie",
    });
    let path = "/auth/login/mfa";
    let done = browser.send(&host, reqwest::Method::POST, path, Some(answer));
    done.await.assert_ok();
    browser.me(&host).await.assert_ok();

    // So has a missing address.
    service.person("acme", json!({"sub": "2"}));
    let mut browser = Browser::default();
    let page = browser
        .go_through(&host, &service, "/auth/oauth/acme?transport=jwt_cookie")
        .await;
    let code = parameter(&page, "code").unwrap_or_else(|| panic!("{page}"));
    let answer = browser.exchange(&host, &code).await;
    assert_eq!(answer.body["completion_required"], true, "{answer:?}");
    assert_eq!(
        answer.body["redirect_to"],
        format!("{}/account/settings", SITE.1)
    );
    assert_eq!(answer.body["transport"], "jwt_cookie");
    browser.me(&host).await.assert_error(401, "unauthenticated");
}

/// A page of another site would otherwise end the session of a visitor and sign them in to another account.
#[tokio::test]
async fn another_site_starts_no_session() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    service.person("acme", verified("1", "ada@example.com"));
    for transport in ["cookie", "jwt_cookie"] {
        let path = format!("/auth/oauth/acme?transport={transport}");
        let mut browser = Browser::default();
        let answer = browser.open(&host, &path, "cross-site").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let page = answer.header("location");
        assert_eq!(page, format!("{}/login?error=cross_site_request", SITE.1));
        assert!(browser.names().is_empty());
        let request = host.request(reqwest::Method::GET, &path);
        let answer = Answer::of(request.header("sec-fetch-site", "cross-site")).await;
        answer.assert_error(403, "cross_site_request");
        // A front end on the same site, and a typed address, start one.
        for from in ["same-site", "same-origin", "none"] {
            let answer = browser.open(&host, &path, from).await;
            let page = answer.header("location");
            assert!(parameter(page, "state").is_some(), "{from} {page}");
        }
    }
    // A sign-in with a code begins anywhere: the page that wanted it presents the code.
    let mut browser = Browser::default();
    let answer = browser.open(&host, "/auth/oauth/acme", "cross-site").await;
    assert!(parameter(answer.header("location"), "state").is_some());
}
