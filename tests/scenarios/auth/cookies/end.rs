//! Cookies when a session ends.

use gatewright_tests::host::{Answer, Host, PASSWORD};
use reqwest::Method;
use serde_json::json;

use super::browser::{Browser, Cookie};
use super::{DOMAIN, NO_DOMAIN, SITE};

/// Signing out, deleting the account and the end of a session leave no cookie behind, of any name or domain.
#[tokio::test]
async fn what_has_ended_leaves_no_cookie() {
    for domain in [NO_DOMAIN, DOMAIN] {
        let host = Host::start(&[SITE, domain, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0")]);
        for transport in ["cookie", "jwt_cookie"] {
            for (method, path) in [
                (Method::POST, "/auth/logout"),
                (Method::POST, "/auth/logout-all"),
                (Method::DELETE, "/account/sessions/{id}"),
                (Method::GET, "/auth/me"),
                (Method::GET, "/account"),
                (Method::POST, "/auth/refresh"),
                (Method::DELETE, "/account"),
            ] {
                if path == "/auth/refresh" && transport == "cookie" {
                    continue;
                }
                let told = format!("{domain:?} {transport} {method} {path}");
                let person = json!({"email": "ada@example.com", "password": PASSWORD});
                host.post("/auth/register", person).await;
                let mut browser = Browser::default();
                browser.login(&host, transport).await;
                let me = browser.me(&host).await.body;
                // From before a change of COOKIE_DOMAIN, in both directions.
                let hosts = ["__Host-session", "__Host-access", "__Host-sid"];
                let of_host = hosts.map(|name| Cookie::of(name, "old", "/", None));
                let of_domain = |domain| {
                    [
                        ("__Secure-session", "/"),
                        ("__Secure-access", "/"),
                        ("__Secure-refresh", "/auth"),
                    ]
                    .map(|(name, path)| Cookie::of(name, "old", path, domain))
                };
                let domains = [None, Some("example.com"), Some("auth.example.com")];
                let others = of_host
                    .into_iter()
                    .chain(domains.into_iter().flat_map(of_domain));
                for old in others.chain([Cookie::of("theme", "dark", "/", None)]) {
                    if !browser.0.iter().any(|known| known.is_same(&old)) {
                        browser.0.push(old);
                    }
                }
                let ended = path == "/auth/me" || path == "/auth/refresh" || path == "/account";
                let is_dead = ended && method != Method::DELETE;
                if is_dead {
                    let elsewhere = host.login("ada@example.com").await;
                    let ended = host
                        .post_as("/auth/logout-all", &elsewhere.access_token)
                        .await;
                    assert_eq!(ended.status, 204, "{told}");
                }
                let path = path.replace("{id}", me["session_id"].as_str().unwrap());
                let body = (method == Method::DELETE && path == "/account")
                    .then(|| json!({"password": PASSWORD}));
                let answer = browser.send(&host, method, &path, body).await;
                assert_eq!(
                    answer.status,
                    if is_dead { 401 } else { 204 },
                    "{told} {answer:?}"
                );
                assert_eq!(browser.names(), ["theme"], "{told}");
            }
        }
    }
}

/// Signing out ends the session of every cookie, including one of an earlier `COOKIE_DOMAIN`.
#[tokio::test]
async fn signing_out_ends_each_session() {
    let host = Host::start(&[SITE, DOMAIN]);
    host.register("ada@example.com").await;
    for transport in ["cookie", "jwt_cookie"] {
        let (mut first, mut second) = (Browser::default(), Browser::default());
        first.login(&host, transport).await;
        second.login(&host, transport).await;
        let mut both = first.clone();
        for cookie in &mut both.0 {
            cookie.domain = None;
        }
        both.0.extend(second.0.clone());
        let out = both.send(&host, Method::POST, "/auth/logout", None).await;
        assert_eq!(out.status, 204);
        for browser in [&mut first, &mut second] {
            browser.me(&host).await.assert_error(401, "session_ended");
        }
    }
}

/// An expired access token ends nothing: its session continues with the refresh token.
#[tokio::test]
async fn an_expired_access_token_clears_nothing() {
    let host = Host::start(&[SITE]);
    host.register("ada@example.com").await;
    let mut browser = Browser::default();
    browser.login(&host, "jwt_cookie").await;
    let host = host.restart_later(16 * 60);
    let answer = browser.me(&host).await;
    answer.assert_error(401, "token_expired");
    assert_eq!(browser.names().len(), 3);
    browser.refresh(&host).await.assert_ok();
    browser.me(&host).await.assert_ok();
    // A page of another site clears no cookie either.
    let cookies = format!("__Host-access={}", browser.find("__Host-access").value);
    let sent = host
        .request(Method::POST, "/auth/logout")
        .header("cookie", cookies)
        .header("sec-fetch-site", "cross-site");
    let answer = Answer::of(sent).await;
    answer.assert_error(403, "cross_site_request");
    assert!(answer.headers.get("set-cookie").is_none());
}
