//! The state and the one-time code: bound to a browser, valid once, and for a limited time.

use gatewright_tests::host::{Answer, Host};
use gatewright_tests::identity::IdentityService;
use reqwest::Method;

use super::{OWN, VERIFIER, bound_path, parameter, path_of, verified};
use crate::auth::cookies::browser::Browser;

/// Returns the error of a page that a browser is sent to.
fn error(page: &str) -> String {
    parameter(page, "error").unwrap_or_else(|| panic!("{page}"))
}

async fn started() -> (IdentityService, Host) {
    let service = IdentityService::start(&["acme", "work"], &[]);
    let host = service.host(&OWN);
    service.person("acme", verified("1", "ada@example.com"));
    service.person("work", verified("2", "ben@example.com"));
    (service, host)
}

/// The request that the browser is sent away with is the one of the standards, and its cookie is for this service alone.
#[tokio::test]
async fn the_request_carries_state_nonce_and_challenge() {
    let (service, host) = started().await;
    let mut browser = Browser::default();
    let answer = browser.open(&host, &path_of("acme"), "same-origin").await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("cache-control"), "no-store");
    let page = answer.header("location");
    let given = |name: &str| parameter(page, name).unwrap_or_else(|| panic!("{name}: {page}"));
    let authorize = format!("{}/authorize?", service.issuer("acme"));
    assert!(page.starts_with(&authorize), "{page}");
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "client-of-acme"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
        (
            "redirect_uri",
            "https://auth.example.com/auth/oauth/acme/callback",
        ),
    ] {
        assert_eq!(given(name), value);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(given(name).len(), 43, "{name}");
    }
    assert_eq!(parameter(page, "max_age"), None);
    let [line] = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .collect::<Vec<_>>()[..]
    else {
        panic!("{answer:?}");
    };
    let line = line.to_str().unwrap();
    assert!(line.starts_with("__Host-oauth-"), "{line}");
    for part in [
        "; Path=/;",
        "; Max-Age=600",
        "; HttpOnly",
        "; Secure",
        "; SameSite=Lax",
    ] {
        assert!(format!("{line};").contains(part), "{line}");
    }
    // The cookie is sealed: it shows neither state nor nonce.
    for name in ["state", "nonce"] {
        assert!(!line.contains(&given(name)), "{line}");
    }
    // Each request has secrets of its own.
    let other = browser.begin(&host, &path_of("acme")).await;
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(&other, name).unwrap(), given(name));
    }
}

/// Two tabs, also of different providers, finish in any order.
#[tokio::test]
async fn two_tabs_sign_in_independently() {
    let (service, host) = started().await;
    let mut browser = Browser::default();
    let first = browser.begin(&host, &path_of("acme")).await;
    let second = browser.begin(&host, &path_of("work")).await;
    assert_eq!(browser.names().len(), 2);
    let mut codes = Vec::new();
    for page in [second, first] {
        let callback = service.visit(&page).await;
        let page = browser.come_back(&host, &callback).await;
        codes.push(parameter(&page, "code").unwrap());
    }
    for (code, left) in codes.iter().zip([1, 0]) {
        browser.exchange(&host, code).await.assert_ok();
        // Only the cookie of this flow is cleared.
        assert_eq!(browser.names().len(), left);
    }
    // A browser holds six flows at most, and a further one works.
    let mut page = String::new();
    for _ in 0..10 {
        page = browser.begin(&host, &path_of("acme")).await;
        assert!(browser.names().len() <= 6);
    }
    let callback = service.visit(&page).await;
    let page = browser.come_back(&host, &callback).await;
    browser
        .exchange(&host, &parameter(&page, "code").unwrap())
        .await
        .assert_ok();
}

/// Images in a page would otherwise fill the browser with cookies, so that the service refuses its requests.
#[tokio::test]
async fn a_flow_begins_by_a_navigation_only() {
    let (_service, host) = started().await;
    for (mode, begins) in [("no-cors", false), ("cors", false), ("navigate", true)] {
        let request = host.request(Method::GET, &path_of("acme"));
        let answer = Answer::of(request.header("sec-fetch-mode", mode)).await;
        assert_eq!(!answer.header("set-cookie").is_empty(), begins, "{mode}");
    }
}

/// A response belongs to the browser that asked for it, and is accepted once and in time.
#[tokio::test]
async fn a_state_is_bound_to_the_browser_and_accepted_once() {
    let (service, host) = started().await;
    let (mut ada, mut eve) = (Browser::default(), Browser::default());
    // Of another browser: with no flow, with one of its own, and with its own cookie under the name of the other.
    let page = ada.begin(&host, &path_of("acme")).await;
    let callback = service.visit(&page).await;
    let refused = eve.come_back(&host, &callback).await;
    assert_eq!(error(&refused), "oauth_state_invalid");
    eve.begin(&host, &path_of("acme")).await;
    let refused = eve.come_back(&host, &callback).await;
    assert_eq!(error(&refused), "oauth_state_invalid");
    eve.0[0].name = ada.0[0].name.clone();
    let refused = eve.come_back(&host, &callback).await;
    assert_eq!(error(&refused), "oauth_state_invalid");
    // Of another provider.
    let mixed = callback.replace("/acme/", "/work/");
    let refused = ada.come_back(&host, &mixed).await;
    assert_eq!(error(&refused), "oauth_state_invalid");
    // Missing, empty, twice, and changed.
    let state = parameter(&callback, "state").unwrap();
    for other in [
        callback.replace(&format!("state={state}"), "other=1"),
        callback.replace(&state, ""),
        format!("{callback}&state={state}"),
        callback.replace(&state, &"A".repeat(43)),
    ] {
        let refused = ada.come_back(&host, &other).await;
        assert_eq!(error(&refused), "oauth_state_invalid", "{other}");
    }
    // None of these reached the provider.
    assert_eq!(service.requests("acme", "token").len(), 0);
    // The right one, and the same again.
    let page = ada.come_back(&host, &callback).await;
    let code = parameter(&page, "code").unwrap();
    let replayed = ada.come_back(&host, &callback).await;
    assert_eq!(error(&replayed), "oauth_state_invalid");
    ada.exchange(&host, &code).await.assert_ok();
    assert_eq!(service.requests("acme", "token").len(), 1);
    // Two at once.
    let page = ada.begin(&host, &path_of("acme")).await;
    let callback = service.visit(&page).await;
    let (mut here, mut there) = (ada.clone(), ada);
    let both = futures::join!(
        here.come_back(&host, &callback),
        there.come_back(&host, &callback)
    );
    let accepted = [both.0, both.1].map(|page| parameter(&page, "code").is_some());
    assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1);
    // A program gets the error as JSON.
    let path = callback.strip_prefix("https://auth.example.com").unwrap();
    host.get(path)
        .await
        .assert_error(400, "oauth_state_invalid");
}

/// The service doesn't depend on the browser to forget the cookie of a flow.
#[tokio::test]
async fn a_flow_lasts_ten_minutes() {
    let (service, host) = started().await;
    let mut browser = Browser::default();
    let page = browser.begin(&host, &path_of("acme")).await;
    let callback = service.visit(&page).await;
    let code = browser.code(&host, &service, &path_of("work")).await;
    let host = host.restart_later(61);
    // A minute for the one-time code.
    browser
        .exchange(&host, &code)
        .await
        .assert_error(400, "oauth_code_invalid");
    let host = host.restart_later(601);
    let late = browser.come_back(&host, &callback).await;
    assert_eq!(error(&late), "oauth_state_invalid");
}

/// RFC 9700 section 4.5: a code of the provider that was issued to another browser signs nobody in: neither where the
/// provider checks the challenge of PKCE, nor where only the nonce is there.
#[tokio::test]
async fn an_injected_code_of_the_provider_signs_nobody_in() {
    let (service, host) = started().await;
    service.script("work", |script| {
        script.member(
            "code_challenge_methods_supported",
            serde_json::json!(["plain"]),
        );
    });
    for (provider, checks_challenge) in [("acme", true), ("work", false)] {
        let (mut ada, mut eve) = (Browser::default(), Browser::default());
        let page = ada.begin(&host, &path_of(provider)).await;
        assert_eq!(
            parameter(&page, "code_challenge").is_some(),
            checks_challenge
        );
        let of_ada = service.visit(&page).await;
        let page = eve.begin(&host, &path_of(provider)).await;
        let of_eve = service.visit(&page).await;
        let stolen = parameter(&of_ada, "code").unwrap();
        let injected = of_eve.replace(&parameter(&of_eve, "code").unwrap(), &stolen);
        let page = eve.come_back(&host, &injected).await;
        assert_eq!(error(&page), "oauth_failed", "{provider}");
    }
}

async fn refused(answer: Answer) {
    answer.assert_error(400, "oauth_code_invalid");
}

/// A one-time code is for the browser that went through the flow, is used up by any attempt, and serves one purpose.
#[tokio::test]
async fn a_code_is_bound_to_the_browser_and_accepted_once() {
    let (service, host) = started().await;
    let (mut ada, mut eve) = (Browser::default(), Browser::default());
    let path = path_of("acme");
    let code = ada.code(&host, &service, &path).await;
    ada.exchange(&host, &code).await.assert_ok();
    refused(ada.exchange(&host, &code).await).await;

    // Another browser, which has a flow of its own, uses it up without a result.
    let code = ada.code(&host, &service, &path).await;
    eve.begin(&host, &path).await;
    refused(eve.exchange(&host, &code).await).await;
    refused(ada.exchange(&host, &code).await).await;
    // Nobody is signed in with the identity of someone else: the browser of a victim doesn't take the code of an attacker.
    let code = eve.code(&host, &service, &path_of("work")).await;
    refused(ada.exchange(&host, &code).await).await;

    // A code to sign in links nothing, and the other way round.
    let code = ada.code(&host, &service, &path).await;
    let session = ada.exchange(&host, &code).await;
    let token = session.body["access_token"].as_str().unwrap().to_owned();
    let code = ada.code(&host, &service, &path).await;
    let body = serde_json::json!({"code": code});
    refused(super::present(&mut ada, &host, "/account/identities", &token, body).await).await;
    let code = ada.code(&host, &service, &bound_path("work", "link")).await;
    let body = serde_json::json!({"code": code, "code_verifier": VERIFIER});
    let sent = ada.send(&host, Method::POST, "/auth/oauth/exchange", Some(body));
    refused(sent.await).await;

    // Of two at once, one succeeds.
    let code = ada.code(&host, &service, &path).await;
    let mut other = ada.clone();
    let both = futures::join!(ada.exchange(&host, &code), other.exchange(&host, &code));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);

    for body in [
        serde_json::json!({"code": ""}),
        serde_json::json!({"code": "A".repeat(43)}),
        serde_json::json!({"code": "A".repeat(5000)}),
    ] {
        let sent = ada.send(&host, Method::POST, "/auth/oauth/exchange", Some(body));
        let answer = sent.await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{answer:?}");
    }
}
