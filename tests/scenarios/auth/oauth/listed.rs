//! The list of providers.

use gatewright_tests::host::Host;
use gatewright_tests::identity::{CLIENT_SECRET, IdentityService};
use serde_json::json;

use super::OWN;

/// The buttons of a sign-in page: the presets first, with icons, and no secret.
#[tokio::test]
async fn the_providers_that_are_set_up_are_listed() {
    let service = IdentityService::start(&["acme"], &["hub"]);
    let host = service.host(&[
        OWN[0],
        ("OIDC_ACME_LABEL", "Acme Inc."),
        ("GITLAB_CLIENT_ID", "app"),
        ("GITLAB_CLIENT_SECRET", CLIENT_SECRET),
        ("GOOGLE_CLIENT_ID", "app"),
        ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
    ]);
    let answer = host.get("/auth/oauth").await;
    answer.assert_ok();
    let providers = answer.body["providers"].as_array().unwrap();
    let seen: Vec<_> = providers
        .iter()
        .map(|one| (&one["id"], &one["name"], &one["reauthenticates"]))
        .map(|(id, name, again)| json!([id, name, again]))
        .collect();
    // Neither Google nor a provider of plain OAuth 2.0 signs a user in again on request.
    assert_eq!(
        seen,
        [
            json!(["google", "Google", false]),
            json!(["gitlab", "GitLab", true]),
            json!(["acme", "Acme Inc.", true]),
            json!(["hub", "hub", false]),
        ]
    );
    for one in providers {
        let url = format!(
            "https://auth.example.com/auth/oauth/{}",
            one["id"].as_str().unwrap()
        );
        assert_eq!(one["url"], url);
    }
    let icon = providers[0]["icon"].as_str().unwrap();
    let path = icon.strip_prefix("https://auth.example.com").unwrap();
    let icon = host.get(path).await;
    icon.assert_ok();
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert!(!answer.text.contains("client-of") && !answer.text.contains("secret"));
    // Nothing was asked of a provider.
    assert_eq!(service.requests("acme", "openid-configuration").len(), 0);

    let none = Host::start(&OWN);
    let answer = none.get("/auth/oauth").await;
    answer.assert_ok();
    assert_eq!(answer.body, json!({"providers": []}));
}
