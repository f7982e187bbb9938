use gatewright_tests::host::{Host, Tokens};

/// V10.4.5: a token that comes back after the grace window is in two hands; the whole family dies.
#[tokio::test]
async fn a_reused_refresh_token_ends_the_family() {
    let host = Host::start(&[("REFRESH_TOKEN_GRACE_SECONDS", "0")]);
    let first = host.register("ada@example.com").await;
    let elsewhere = host.login("ada@example.com").await;
    let second = Tokens::of(&host.refresh(&first.refresh_token).await.body);
    host.refresh(&first.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    host.refresh(&second.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    host.refresh(&first.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    for tokens in [&first, &second] {
        host.get_as("/auth/me", &tokens.access_token)
            .await
            .assert_error(401, "session_ended");
    }
    // Another device of the same person is not concerned.
    assert_eq!(host.refresh(&elsewhere.refresh_token).await.status, 200);
}

/// What never was a token, or is one of another kind, gets the same answer.
#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let host = Host::start(&[]);
    let tokens = host.register("ada@example.com").await;
    let unknown = "A".repeat(43);
    for token in [
        unknown.as_str(),
        "nonsense",
        &tokens.access_token,
        &format!("{} ", tokens.refresh_token),
    ] {
        host.refresh(token)
            .await
            .assert_error(401, "invalid_refresh_token");
    }
    host.get_as("/auth/me", &tokens.refresh_token)
        .await
        .assert_error(401, "token_malformed");
    assert_eq!(host.refresh(&tokens.refresh_token).await.status, 200);
}
