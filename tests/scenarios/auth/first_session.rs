use gatewright_tests::host::{Host, PASSWORD, Tokens};
use serde_json::json;

/// Register, sign in, call a protected route, refresh, sign out.
#[tokio::test]
async fn a_person_registers_signs_in_refreshes_and_signs_out() {
    let host = Host::start(&[]);
    let registration =
        json!({"email": " Ada@Example.com ", "password": PASSWORD, "display_name": "Ada"});
    let registered = host.post("/auth/register", registration).await;
    assert_eq!(registered.status, 201);
    assert_eq!(registered.body["email"], "Ada@Example.com");
    assert_eq!(registered.body["email_verified"], false);
    assert_eq!(registered.body["display_name"], "Ada");
    assert!(!registered.text.contains(PASSWORD) && !registered.text.contains("argon2"));
    let first = Tokens::of(&registered.body["tokens"]);

    let second = host.login("ada@example.com").await;
    for tokens in [&first, &second] {
        let me = host.get_as("/auth/me", &tokens.access_token).await;
        assert_eq!(me.status, 200);
        assert_eq!(me.body["id"], registered.body["id"]);
        assert_eq!(me.body["roles"], json!(["user"]));
        assert_eq!(me.body["permissions"], json!([]));
        assert_eq!(me.header("cache-control"), "no-store");
    }

    let refreshed = host.refresh(&second.refresh_token).await;
    assert_eq!(refreshed.status, 200);
    assert_eq!(refreshed.body["expires_in"], 900);
    let third = Tokens::of(&refreshed.body);
    assert_ne!(third, second);
    assert_eq!(
        host.get_as("/auth/me", &third.access_token).await.status,
        200
    );

    let out = host.post_as("/auth/logout", &third.access_token).await;
    assert_eq!((out.status.as_u16(), out.text.as_str()), (204, ""));
    host.get_as("/auth/me", &third.access_token)
        .await
        .assert_error(401, "session_ended");
    assert_eq!(
        host.get_as("/auth/me", &first.access_token).await.status,
        200
    );
}

/// If registration does not sign in, it returns no tokens.
#[tokio::test]
async fn registering_without_auto_login_gives_no_tokens() {
    let host = Host::start(&[("REGISTER_AUTO_LOGIN", "false")]);
    let registered = host
        .post(
            "/auth/register",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await;
    assert_eq!(registered.status, 201);
    assert!(registered.body.get("tokens").is_none());
    assert_eq!(registered.body["last_login_at"], json!(null));
    host.login("ada@example.com").await;
}

/// `SINGLE_SESSION`: signing in ends the other sessions.
#[tokio::test]
async fn a_single_session_ends_the_others() {
    let host = Host::start(&[("SINGLE_SESSION", "true")]);
    let first = host.register("ada@example.com").await;
    let second = host.login("ada@example.com").await;
    host.get_as("/auth/me", &first.access_token)
        .await
        .assert_error(401, "session_ended");
    host.refresh(&first.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    assert_eq!(
        host.get_as("/auth/me", &second.access_token).await.status,
        200
    );
}
