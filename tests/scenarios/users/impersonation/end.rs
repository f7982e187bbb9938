//! The end of an impersonation.

use gatewright_tests::host::{Host, SETUP};
use serde_json::{Value, json};

use super::{impersonate, token_of};

/// V8.2.4, V8.3.2: an impersonation ends with the session, the permission and the rank that it depends on, at the next
/// request.
#[tokio::test]
async fn an_impersonation_ends_with_what_it_rests_on() {
    let host = Host::start(&[
        SETUP,
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ]);
    let root = host.administrator().await;
    let staff = json!({"name": "staff", "rank": 50, "permissions": ["users:read"]});
    let acts = json!({"name": "acts", "rank": 40, "permissions": ["users:impersonate"]});
    for role in [staff, acts] {
        let made = host.send_as("POST", "/roles", root.token(), role).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let mut sam = host.person(&root, "sam", &["user", "staff", "acts"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let of_root = async |method: &str, path: &str, body: Value| {
        let answer = host.send_as(method, path, root.token(), body).await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
    };
    let ended = async |token: &str| {
        host.get_as("/auth/me", token)
            .await
            .assert_error(401, "session_ended");
    };
    // A superadmin makes the change and reverts it.
    let acting = format!("{}/roles/acts", sam.path());
    let rises = format!("{}/roles/moderator", ben.path());
    for (what, there, back) in [
        (
            "the role",
            ("DELETE", acting.as_str(), json!({})),
            ("POST", acting.as_str(), json!({})),
        ),
        (
            "the role's permission",
            (
                "DELETE",
                "/roles/acts/permissions/users:impersonate",
                json!({}),
            ),
            (
                "POST",
                "/roles/acts/permissions/users:impersonate",
                json!({}),
            ),
        ),
        (
            "the rank",
            ("PUT", "/roles/staff", json!({"rank": 0})),
            ("PUT", "/roles/staff", json!({"rank": 50})),
        ),
        (
            "the person's rank",
            ("POST", rises.as_str(), json!({})),
            ("DELETE", rises.as_str(), json!({})),
        ),
    ] {
        if what == "the rank" {
            of_root("PUT", "/roles/acts", json!({"rank": 0})).await;
        }
        let token = token_of(&host, &sam, &ben).await;
        host.get_as("/auth/me", &token).await.assert_ok();
        of_root(there.0, there.1, there.2).await;
        ended(&token).await;
        let refused = impersonate(&host, &sam, &ben, json!({})).await;
        assert_eq!(refused.status, 403, "{what}: {refused:?}");
        of_root(back.0, back.1, back.2).await;
        // It has ended permanently.
        ended(&token).await;
    }
    host.get_as("/auth/me", sam.token()).await.assert_ok();

    // Their own session ends: signed out here or from another device, ended by an administrator, or by reuse of a
    // refresh token.
    let token = token_of(&host, &sam, &ben).await;
    let out = host.post_as("/auth/logout", sam.token()).await;
    assert_eq!(out.status, 204);
    ended(&token).await;
    sam.session = host.login(&sam.email).await;
    let kept = host.login(&sam.email).await;
    let token = token_of(&host, &sam, &ben).await;
    let body = json!({"refresh_token": sam.session.refresh_token});
    let out = host.post("/auth/logout", body).await;
    assert_eq!(out.status, 204, "{out:?}");
    ended(&token).await;
    sam.session = kept;
    let token = token_of(&host, &sam, &ben).await;
    let listed = host.get_as("/account/sessions", sam.token()).await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    let current = sessions.iter().find(|session| session["current"] == true);
    let id = current.unwrap()["id"].as_str().unwrap();
    let path = format!("{}/sessions/{id}", sam.path());
    of_root("DELETE", &path, json!({})).await;
    ended(&token).await;
    // The user no longer sees it as a session either.
    let listed = host.get_as("/account/sessions", ben.token()).await;
    assert_eq!(
        listed.body["sessions"].as_array().unwrap().len(),
        1,
        "{listed:?}"
    );
    sam.session = host.login(&sam.email).await;
    let token = token_of(&host, &sam, &ben).await;
    let all = host.post_as("/auth/logout-all", sam.token()).await;
    assert_eq!(all.status, 204);
    ended(&token).await;
    // The user was not affected.
    host.get_as("/auth/me", ben.token()).await.assert_ok();
}

/// It ends with the user's sessions, and by signing out, which signs nobody else out.
#[tokio::test]
async fn an_impersonation_ends_like_a_session() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let token = token_of(&host, &root, &ben).await;
    let out = host.post_as("/auth/logout", &token).await;
    assert_eq!(out.status, 204);
    host.get_as("/auth/me", &token)
        .await
        .assert_error(401, "session_ended");
    host.get_as("/auth/me", ben.token()).await.assert_ok();

    let token = token_of(&host, &root, &ben).await;
    let path = format!("{}/sessions", ben.path());
    let ended = host.call_as("DELETE", &path, root.token()).await;
    assert_eq!(ended.status, 204);
    host.get_as("/auth/me", &token)
        .await
        .assert_error(401, "session_ended");

    let token = token_of(&host, &root, &ben).await;
    let path = format!("{}/disable", ben.path());
    let disabled = host.call_as("POST", &path, root.token()).await;
    assert_eq!(disabled.status, 204);
    host.get_as("/auth/me", &token)
        .await
        .assert_error(401, "session_ended");
}

/// It ends when the actor is disabled, and when one of the actor's roles is removed; then the actor stays signed in.
#[tokio::test]
async fn an_impersonation_ends_with_who_acts() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let sam = host.person(&root, "sam", &["user", "admin"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let end = async |method: &str, path: String| {
        let token = token_of(&host, &sam, &ben).await;
        host.get_as("/auth/me", &token).await.assert_ok();
        let ended = host.call_as(method, &path, root.token()).await;
        assert_eq!(ended.status, 204);
        host.get_as("/auth/me", &token)
            .await
            .assert_error(401, "session_ended");
    };
    host.call_as(
        "POST",
        &format!("{}/roles/verified", sam.path()),
        root.token(),
    )
    .await;
    end("DELETE", format!("{}/roles/verified", sam.path())).await;
    host.get_as("/auth/me", sam.token()).await.assert_ok();
    end("POST", format!("{}/disable", sam.path())).await;
    host.get_as("/auth/me", ben.token()).await.assert_ok();
}
