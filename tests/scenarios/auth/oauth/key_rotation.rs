//! Keys that a provider replaces.

use gatewright_tests::identity::{IdentityService, Key, Signature};

use super::{OWN, error_of, signed_in, verified};

/// A token with an unknown key lets the service fetch the keys again, once, and not at each such token.
#[tokio::test]
async fn new_keys_are_fetched_once() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    // Each process keeps the keys.
    let processes = host.processes();
    let are_fetched = |times: usize| {
        let fetched = service.requests("acme", "keys").len();
        assert!((times..=times * processes).contains(&fetched), "{fetched}");
    };
    service.person("acme", verified("1", "ada@example.com"));
    signed_in(&host, &service, "acme").await;
    are_fetched(1);
    // The provider changes its keys while a person is at its page.
    service.set_ahead(120);
    let host = host.restart_later(120);
    let mut browser = crate::auth::cookies::browser::Browser::default();
    let page = browser.begin(&host, "/auth/oauth/acme").await;
    service.script("acme", |script| {
        script.keys = vec![Key::OtherRs256];
        script.signature = Signature::By(Key::OtherRs256);
    });
    let callback = service.visit(&page).await;
    let page = browser.come_back(&host, &callback).await;
    let code = super::parameter(&page, "code").unwrap_or_else(|| panic!("{page}"));
    browser.exchange(&host, &code).await.assert_ok();
    are_fetched(2);
    signed_in(&host, &service, "acme").await;
    are_fetched(2);

    // A key that the provider has withdrawn, and one that it never published.
    for key in [Key::Rs256, Key::Es256, Key::Rs256, Key::Es256] {
        service.script("acme", |script| script.signature = Signature::By(key));
        assert_eq!(error_of(&host, &service, "acme").await, "oauth_failed");
    }
    let fetched = service.requests("acme", "keys").len();
    assert!(fetched <= 3 * processes, "{fetched}");
    service.script("acme", |script| {
        script.signature = Signature::By(Key::OtherRs256);
    });
    signed_in(&host, &service, "acme").await;
}
