use gatewright_tests::host::{Host, Tokens};

/// Two tabs that refresh with the same token get the same successor, and both stay signed in.
#[tokio::test]
async fn refreshing_twice_in_the_grace_window_gives_the_same_successor() {
    let host = Host::start(&[("REFRESH_TOKEN_GRACE_SECONDS", "300")]);
    let first = host.register("ada@example.com").await;
    let one = Tokens::of(&host.refresh(&first.refresh_token).await.body);
    let other = Tokens::of(&host.refresh(&first.refresh_token).await.body);
    assert_eq!(one.refresh_token, other.refresh_token);
    assert_ne!(one.refresh_token, first.refresh_token);
    for tokens in [&first, &one, &other] {
        assert_eq!(
            host.get_as("/auth/me", &tokens.access_token).await.status,
            200
        );
    }
    assert_eq!(host.refresh(&one.refresh_token).await.status, 200);
}

/// A late tab, after the other has refreshed twice, gets the newest token.
#[tokio::test]
async fn a_late_tab_is_led_to_the_newest_token() {
    let host = Host::start(&[("REFRESH_TOKEN_GRACE_SECONDS", "300")]);
    let first = host.register("ada@example.com").await;
    let second = Tokens::of(&host.refresh(&first.refresh_token).await.body);
    let third = Tokens::of(&host.refresh(&second.refresh_token).await.body);
    let late = Tokens::of(&host.refresh(&first.refresh_token).await.body);
    assert_eq!(late.refresh_token, third.refresh_token);
    assert_eq!(host.refresh(&third.refresh_token).await.status, 200);
}
