//! Changes of `COOKIE_DOMAIN`.

use gatewright_tests::host::Host;
use reqwest::Method;

use super::browser::{Browser, Cookie};
use super::{DOMAIN, NO_DOMAIN, SITE};

/// Cookies of a former `COOKIE_DOMAIN` precede the new ones: users only have to sign in again.
#[tokio::test]
async fn a_changed_domain_leaves_nobody_in_a_loop() {
    let mut host = Host::start(&[SITE, NO_DOMAIN]);
    host.register("ada@example.com").await;
    let mut browsers = [
        ("cookie", Browser::default()),
        ("jwt_cookie", Browser::default()),
    ];
    for (transport, browser) in &mut browsers {
        browser.login(&host, transport).await;
    }
    for domain in [
        DOMAIN,
        ("COOKIE_DOMAIN", "auth.example.com"),
        NO_DOMAIN,
        DOMAIN,
    ] {
        host = host.restart(&[domain]);
        for (transport, browser) in &mut browsers {
            let before = browser.clone();
            browser.login(&host, transport).await;
            browser.me(&host).await.assert_ok();
            if *transport == "jwt_cookie" {
                for _ in 0..2 {
                    browser.refresh(&host).await.assert_ok();
                    browser.me(&host).await.assert_ok();
                }
            }
            // Also if the old cookies stayed because the response that clears them was lost, and if they are invalid by
            // now.
            let is_gone = |old: &&Cookie| !browser.0.iter().any(|new| new.is_same(old));
            let mut both = Browser(before.0.iter().filter(is_gone).cloned().collect());
            let old = both.0.len();
            both.0.extend(browser.0.clone());
            both.me(&host).await.assert_ok();
            for cookie in &mut both.0[..old] {
                cookie.value = "A".repeat(43);
            }
            both.me(&host).await.assert_ok();
            if *transport == "jwt_cookie" {
                both.refresh(&host).await.assert_ok();
                both.me(&host).await.assert_ok();
            }
            let out = both.send(&host, Method::POST, "/auth/logout", None).await;
            assert_eq!(out.status, 204, "{out:?}");
            assert!(both.0.is_empty(), "{domain:?} {transport} {:?}", both.0);
            browser.me(&host).await.assert_error(401, "session_ended");
            assert!(browser.0.is_empty(), "{domain:?} {transport} {browser:?}");
            browser.login(&host, transport).await;
        }
    }
}
