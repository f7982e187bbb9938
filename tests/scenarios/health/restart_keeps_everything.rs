use gatewright_tests::host::Host;

/// Users, sessions, refresh tokens and keys survive a restart.
#[tokio::test]
async fn a_restart_keeps_everything() {
    let host = Host::start(&[]);
    let tokens = host.register("ada@example.com").await;
    let jwks = host.get("/.well-known/jwks.json").await.body;
    let host = host.restart(&[]);
    assert_eq!(
        host.get_as("/auth/me", &tokens.access_token).await.status,
        200
    );
    assert_eq!(host.get("/.well-known/jwks.json").await.body, jwks);
    assert_eq!(host.refresh(&tokens.refresh_token).await.status, 200);
    host.login("ada@example.com").await;
}

/// Passwords hashed with other parameters still work, and are rehashed with the new ones.
#[tokio::test]
async fn passwords_survive_a_change_of_parameters() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    let host = host.restart(&[("ARGON2_ITERATIONS", "2")]);
    host.login("ada@example.com").await;
    host.wait_for_log("rehashed a password");
    // With the new parameters nothing is left to rehash, also after another restart.
    let host = host.restart(&[]);
    host.login("ada@example.com").await;
    assert!(!host.log().contains("rehashed a password"));
}
