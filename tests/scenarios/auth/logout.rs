use gatewright_tests::host::{Answer, Host};
use reqwest::Method;
use serde_json::json;

/// V7.4.1: after signing out neither token of the session works.
#[tokio::test]
async fn after_logout_the_refresh_token_is_refused() {
    let host = Host::start(&[]);
    let tokens = host.register("ada@example.com").await;
    assert_eq!(
        host.post_as("/auth/logout", &tokens.access_token)
            .await
            .status,
        204
    );
    host.refresh(&tokens.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_error(401, "session_ended");
    // A second click.
    assert_eq!(
        host.post_as("/auth/logout", &tokens.access_token)
            .await
            .status,
        204
    );
}

/// The holder of a refresh token can end its session, even if the access token has expired.
#[tokio::test]
async fn a_refresh_token_ends_its_session() {
    let host = Host::start(&[]);
    let tokens = host.register("ada@example.com").await;
    let out = |token: String| host.post("/auth/logout", json!({ "refresh_token": token }));
    assert_eq!(out(tokens.refresh_token.clone()).await.status, 204);
    assert_eq!(out(tokens.refresh_token.clone()).await.status, 204);
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_error(401, "session_ended");
    // The response reveals nothing about unknown tokens.
    assert_eq!(out("A".repeat(43)).await.status, 204);
    assert_eq!(out("nonsense".into()).await.status, 204);
    Answer::of(host.request(Method::POST, "/auth/logout"))
        .await
        .assert_error(401, "unauthenticated");
    host.post("/auth/logout", json!({"refresh_token": 1}))
        .await
        .assert_error(422, "validation_failed");
}

/// Signing out everywhere ends every session of the user, and no other user's.
#[tokio::test]
async fn logout_all_ends_every_session_of_the_person() {
    let host = Host::start(&[]);
    let first = host.register("ada@example.com").await;
    let second = host.login("ada@example.com").await;
    let other = host.register("bob@example.com").await;
    assert_eq!(
        host.post_as("/auth/logout-all", &second.access_token)
            .await
            .status,
        204
    );
    for tokens in [&first, &second] {
        host.get_as("/auth/me", &tokens.access_token)
            .await
            .assert_error(401, "session_ended");
        host.refresh(&tokens.refresh_token)
            .await
            .assert_error(401, "invalid_refresh_token");
    }
    assert_eq!(
        host.get_as("/auth/me", &other.access_token).await.status,
        200
    );
    host.post_as("/auth/logout-all", &second.access_token)
        .await
        .assert_error(401, "session_ended");
    assert_eq!(
        host.get_as(
            "/auth/me",
            &host.login("ada@example.com").await.access_token
        )
        .await
        .status,
        200
    );
}
