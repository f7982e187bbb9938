//! Several cookies with the same name.

use gatewright_tests::host::{Host, Tokens};
use reqwest::Method;
use serde_json::json;

use super::browser::{Browser, Cookie};
use super::{DOMAIN, SITE, with};

/// The maximum, so that the tests don't depend on their speed.
const GRACE: (&str, &str) = ("REFRESH_TOKEN_GRACE_SECONDS", "300");

/// A cookie of another application can contain any bytes.
#[tokio::test]
async fn a_neighbour_signs_nobody_out() {
    let host = Host::start(&[SITE, GRACE]);
    host.register("ada@example.com").await;
    for transport in ["cookie", "jwt_cookie"] {
        let mut browser = Browser::default();
        browser.login(&host, transport).await;
        let ours: Vec<_> = browser
            .0
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let ours = ours.join("; ");
        for (before, after) in [
            (&b"theme=caf\xe9; "[..], &b""[..]),
            (b"", b"; theme=\xff\x80"),
            ("größe=ü; ".as_bytes(), b"; =; ;;x"),
            (b"a=\"b; ", b"; c=d\\\""),
        ] {
            let line = [before, ours.as_bytes(), after].concat();
            let me = with(&host, Method::GET, "/auth/me", &line).await;
            me.assert_ok();
            if transport == "jwt_cookie" {
                let refreshed = with(&host, Method::POST, "/auth/refresh", &line).await;
                refreshed.assert_ok();
            }
        }
    }
}

/// A browser sends several cookies with the same name if they have different domains or paths: invalid ones among them
/// are ignored, up to a limit.
#[tokio::test]
async fn each_cookie_of_a_name_is_tried() {
    let host = Host::start(&[SITE, DOMAIN, GRACE]);
    host.register("ada@example.com").await;
    for (transport, name, dead) in [
        (
            "cookie",
            "__Secure-session",
            format!("s_{}", "A".repeat(86)),
        ),
        ("jwt_cookie", "__Secure-access", "a.b.c".into()),
        ("jwt_cookie", "__Secure-refresh", "A".repeat(43)),
    ] {
        let mut browser = Browser::default();
        browser.login(&host, transport).await;
        let live = format!("{name}={}", browser.find(name).value);
        let (method, path) = match name {
            "__Secure-refresh" => (Method::POST, "/auth/refresh"),
            _ => (Method::GET, "/auth/me"),
        };
        // The other ones are also invalid, but different.
        let dead = |count: usize| {
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
            let (begin, end) = (&dead[..3], &dead[4..]);
            let other = |at: usize| format!("{name}={begin}{}{end}; ", letters[at] as char);
            (0..count).map(other).collect::<String>()
        };
        for cookies in [
            live.clone(),
            format!("{name}=; {live}"),
            format!("{}{live}", dead(1)),
            format!("{}{live}", dead(3)),
            format!("{name}=no token; {}{live}; {}", dead(1), dead(20)),
        ] {
            let answer = with(&host, method.clone(), path, cookies.as_bytes()).await;
            assert_eq!(answer.status, 200, "{cookies} {answer:?}");
        }
        let answer = with(
            &host,
            method,
            path,
            format!("{}{live}", dead(20)).as_bytes(),
        )
        .await;
        // The tag of a refresh token distinguishes it from others.
        let expected = if name == "__Secure-refresh" { 200 } else { 401 };
        assert_eq!(answer.status, expected, "{name} {answer:?}");
    }
}

/// Another subdomain can set `__Secure-refresh` for all of them, with a token of its own account. It can't select the
/// session.
#[tokio::test]
async fn a_planted_refresh_token_is_refused() {
    let host = Host::start(&[SITE]);
    host.register("ada@example.com").await;
    let mut browser = Browser::default();
    browser.login(&host, "jwt_cookie").await;
    let me = browser.me(&host).await.body;
    let (sid, refresh) = (browser.find("__Host-sid"), browser.find("__Secure-refresh"));
    assert_eq!(sid.value, me["session_id"]);
    assert_eq!(sid.max_age, refresh.max_age);
    assert_eq!(
        browser.names(),
        ["__Host-access", "__Secure-refresh", "__Host-sid"]
    );

    let eve = host.register("eve@example.com").await;
    let planted: Vec<_> = [
        ("/auth/refresh", Some("example.com")),
        ("/auth", Some("example.com")),
    ]
    .map(|(path, domain)| Cookie::of("__Secure-refresh", &eve.refresh_token, path, domain))
    .into();
    // In addition to the browser's own.
    browser.0.splice(0..0, planted.clone());
    for _ in 0..2 {
        browser.refresh(&host).await.assert_ok();
        let now = browser.me(&host).await.body;
        assert_eq!(now["id"], me["id"]);
        assert_eq!(now["session_id"], me["session_id"]);
    }
    // Instead of it, and without one before.
    for known in [vec![browser.find("__Host-sid")], Vec::new()] {
        let mut browser = Browser([planted.clone(), known].concat());
        browser
            .refresh(&host)
            .await
            .assert_error(401, "invalid_refresh_token");
        assert!(
            browser
                .names()
                .iter()
                .all(|name| *name == "__Secure-refresh")
        );
        browser.me(&host).await.assert_error(401, "unauthenticated");
    }
    // The planted token was not used up, so that nobody can end another user's session with it.
    let eve = host.refresh(&eve.refresh_token).await;
    eve.assert_ok();
    // Cookies with which a page signs in are accepted as before.
    let token = Tokens::of(&eve.body).refresh_token;
    let body = json!({ "refresh_token": token });
    let mut empty = Browser::default();
    let sent = empty.send(&host, Method::POST, "/auth/refresh", Some(body));
    sent.await.assert_ok();
}

/// The browser's own refresh cookie is found behind any number of planted ones: to refresh, and to sign out.
#[tokio::test]
async fn planted_refresh_tokens_crowd_out_none() {
    let host = Host::start(&[SITE]);
    host.register("ada@example.com").await;
    host.register("eve@example.com").await;
    let mut browser = Browser::default();
    browser.login(&host, "jwt_cookie").await;
    let mut values: Vec<_> = (0..6).map(|at| format!("a{at}")).collect();
    // Those of earlier versions name no session, and those of Eve's sessions name another.
    values.extend((0..6).map(|at| format!("{}{at}", "A".repeat(42))));
    for _ in 0..6 {
        values.push(host.login("eve@example.com").await.refresh_token);
    }
    let planted: Vec<_> = values
        .iter()
        .map(|value| Cookie::of("__Secure-refresh", value, "/auth", Some("example.com")))
        .collect();
    browser.0.splice(0..0, planted);
    browser.refresh(&host).await.assert_ok();
    let refresh_token = browser
        .0
        .iter()
        .rev()
        .find(|cookie| cookie.name == "__Secure-refresh");
    let refresh_token = refresh_token.unwrap().value.clone();
    browser.0.retain(|cookie| cookie.name != "__Host-access");
    let ended = browser
        .send(&host, Method::POST, "/auth/logout", None)
        .await;
    assert_eq!(ended.status, 204);
    host.refresh(&refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
}
