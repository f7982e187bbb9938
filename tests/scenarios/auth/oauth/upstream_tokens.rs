//! The provider's own tokens.

use futures::future::join_all;
use gatewright_tests::host::{Host, SETUP, Tokens};
use gatewright_tests::identity::{IdentityService, Reply};
use serde_json::json;

use super::{OWN, identities, signed_in, verified};
use crate::auth::access_token_is_checked::part;

async fn path(host: &Host, token: &str) -> String {
    let own = identities(host, token).await;
    format!(
        "/account/identities/{}/token",
        own[0]["id"].as_str().unwrap()
    )
}

/// They are stored only if the operator asks for it, and handed to the person's own session alone.
#[tokio::test]
async fn tokens_are_kept_only_if_asked_for() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    service.person("acme", verified("1", "ada@example.com"));
    let ada = signed_in(&host, &service, "acme").await;
    let at = path(&host, &ada.access_token).await;
    host.post_as(&at, &ada.access_token)
        .await
        .assert_error(404, "tokens_not_stored");
}

/// A stored access token is refreshed when it has expired, and nobody else gets it.
#[tokio::test]
async fn a_token_is_refreshed_and_handed_to_its_owner() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP, ("OAUTH_STORE_TOKENS", "true")]);
    let root = host.administrator().await;
    service.person("acme", verified("1", "ada@example.com"));
    let ada = signed_in(&host, &service, "acme").await;
    service.person("acme", verified("2", "ben@example.com"));
    let ben = signed_in(&host, &service, "acme").await;
    let at = path(&host, &ada.access_token).await;
    let first = host.post_as(&at, &ada.access_token).await;
    first.assert_ok();
    let token = first.body["access_token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("access-"), "{first:?}");
    assert!(first.body["expires_at"].is_string(), "{first:?}");
    assert_eq!(first.header("cache-control"), "no-store");
    let again = host.post_as(&at, &ada.access_token).await;
    assert_eq!(again.body, first.body);
    // Not to another person, an administrator, or someone who only acts as the person.
    for other in [ben.access_token.as_str(), root.token()] {
        let answer = host.post_as(&at, other).await;
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    let id = part(&ada.access_token, 1)["sub"].clone();
    let id = id.as_str().unwrap();
    let path = format!("/users/{id}/impersonate");
    let acting = host.send_as("POST", &path, root.token(), json!({"reason": "help"}));
    let acting = acting.await;
    let acting = acting.body["access_token"].as_str().unwrap();
    let answer = host.post_as(&at, acting).await;
    answer.assert_error(403, "impersonation");
    // Never in any other answer.
    for (path, reader) in [
        (format!("/users/{id}"), root.token()),
        ("/users/export?secrets=true".to_owned(), root.token()),
        ("/account/identities".to_owned(), &ada.access_token),
    ] {
        let answer = host.get_as(&path, reader).await;
        answer.assert_ok();
        assert!(!answer.text.contains(&token), "{path}");
        assert!(!answer.text.contains("refresh-"), "{path}");
    }
    // After it has expired, a new one.
    let host = host.restart_later(3601);
    service.set_ahead(3601);
    let renewed = host.refresh(&ada.refresh_token).await;
    let ada = Tokens::of(&renewed.body);
    let fresh = host.post_as(&at, &ada.access_token).await;
    fresh.assert_ok();
    assert_ne!(fresh.body["access_token"], token);
    let asked = service.requests("acme", "token");
    let last = &asked.last().unwrap().parameters;
    assert_eq!(last["grant_type"], "refresh_token");
    // A provider that fails has a code of ours.
    let host = host.restart_later(3 * 3600);
    let renewed = host.refresh(&ada.refresh_token).await;
    let ada = Tokens::of(&renewed.body);
    for (reply, status, code) in [
        (
            Reply::Of(500, "text/plain", String::new()),
            503,
            "provider_unavailable",
        ),
        (
            Reply::Of(
                400,
                "application/json",
                r#"{"error":"invalid_client"}"#.to_owned(),
            ),
            502,
            "oauth_failed",
        ),
        // The refresh token is good no more, and is sent only once.
        (
            Reply::Of(
                400,
                "application/json",
                r#"{"error":"invalid_grant"}"#.to_owned(),
            ),
            404,
            "tokens_not_stored",
        ),
    ] {
        service.script("acme", |script| {
            script.replies.insert("token", reply.clone());
        });
        let answer = host.post_as(&at, &ada.access_token).await;
        answer.assert_error(status, code);
    }
    let asked = service.requests("acme", "token").len();
    let answer = host.post_as(&at, &ada.access_token).await;
    answer.assert_error(404, "tokens_not_stored");
    assert_eq!(service.requests("acme", "token").len(), asked);
}

/// A provider can take a refresh token that comes twice for a stolen one, and revoke all tokens. Concurrent requests send
/// it once, and the next one is kept.
#[tokio::test]
async fn concurrent_requests_send_a_refresh_token_once() {
    let service = IdentityService::start(&["acme"], &[]);
    let mut host = service.host(&[OWN[0], ("OAUTH_STORE_TOKENS", "true")]);
    service.person("acme", verified("1", "ada@example.com"));
    let mut ada = signed_in(&host, &service, "acme").await;
    let at = path(&host, &ada.access_token).await;
    for hours in [2, 4] {
        host = host.restart_later(hours * 3600);
        service.set_ahead(hours * 3600);
        ada = Tokens::of(&host.refresh(&ada.refresh_token).await.body);
        let before = service.requests("acme", "token").len();
        let answers = join_all((0..5).map(|_| host.post_as(&at, &ada.access_token))).await;
        for answer in &answers {
            answer.assert_ok();
            assert_eq!(answer.body, answers[0].body);
        }
        assert_eq!(service.requests("acme", "token").len(), before + 1);
    }
}
