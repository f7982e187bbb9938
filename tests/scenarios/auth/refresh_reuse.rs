use gatewright_tests::host::{Host, Tokens};

/// V10.4.5: reuse of a token after the grace window means that it was stolen; the whole family ends.
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
    // Another device of the same user is not affected.
    assert_eq!(host.refresh(&elsewhere.refresh_token).await.status, 200);
}

/// V10.4.5: also for a token that was used much earlier, whose row is already deleted.
#[tokio::test]
async fn a_token_that_was_used_long_ago_ends_the_family() {
    let host = Host::start(&[("REFRESH_TOKEN_GRACE_SECONDS", "0")]);
    let first = host.register("ada@example.com").await;
    let mut last = first.clone();
    for _ in 0..5 {
        last = Tokens::of(&host.refresh(&last.refresh_token).await.body);
    }
    assert_eq!(
        host.get_as("/auth/me", &last.access_token).await.status,
        200
    );
    host.refresh(&first.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    host.get_as("/auth/me", &last.access_token)
        .await
        .assert_error(401, "session_ended");
}

/// A token that names a session but was not issued by the service ends nothing.
#[tokio::test]
async fn a_forged_token_ends_nothing() {
    let host = Host::start(&[("REFRESH_TOKEN_GRACE_SECONDS", "0")]);
    let tokens = host.register("ada@example.com").await;
    // It names the session, with another random part: the last part is the tag.
    let (named, rest) = tokens.refresh_token.split_at(30);
    let (random, tag) = rest.split_at(30);
    let other: String = random.chars().rev().collect();
    for forged in [
        format!("{named}{other}{tag}"),
        format!("{named}{}", "A".repeat(58)),
        named.to_owned(),
    ] {
        host.refresh(&forged)
            .await
            .assert_error(401, "invalid_refresh_token");
    }
    assert_eq!(host.refresh(&tokens.refresh_token).await.status, 200);
}

/// An invalid token and one of another kind get the same response.
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
