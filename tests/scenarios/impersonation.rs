use crate::access_token_is_checked::part;
use gatewright_tests::host::{Answer, Host, PASSWORD, Person, SETUP};
use serde_json::{Value, json};

async fn impersonate(host: &Host, actor: &Person, target: &Person, body: Value) -> Answer {
    let path = format!("{}/impersonate", target.path());
    host.send_as("POST", &path, actor.token(), body).await
}

/// The token of an impersonation that has to be allowed.
async fn token_of(host: &Host, actor: &Person, target: &Person) -> String {
    let answer = impersonate(host, actor, target, json!({})).await;
    answer.assert_ok();
    answer.body["access_token"].as_str().unwrap().to_owned()
}

/// The token says who acts, lives shortly, and stands in the audit log; of the user's own logins it is none.
#[tokio::test]
async fn an_impersonation_is_marked_short_and_audited() {
    let host = Host::start(&[SETUP, ("SINGLE_SESSION", "true")]);
    let root = host.administrator().await;
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let before = host.record(&root, &ben.id).await;
    let reason = "He can't find the button.";
    let answer = impersonate(&host, &adam, &ben, json!({ "reason": reason })).await;
    answer.assert_ok();
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["user"]["id"], ben.id);
    assert!(answer.body.get("refresh_token").is_none());
    let life = answer.body["expires_in"].as_u64().unwrap();
    assert!((1..=900).contains(&life), "{life}");
    let token = answer.body["access_token"].as_str().unwrap();
    let claims = part(token, 1);
    assert_eq!(claims["sub"], ben.id);
    assert_eq!(claims["act"], json!({"sub": adam.id}));
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        life
    );
    assert!(part(ben.token(), 1).get("act").is_none());

    let me = host.get_as("/auth/me", token).await;
    me.assert_ok();
    assert_eq!(me.body["id"], ben.id);
    let after = host.record(&root, &ben.id).await;
    assert_eq!(after["last_login_at"], before["last_login_at"]);
    // Nobody is signed out by it, also where each has one session.
    host.get_as("/auth/me", ben.token()).await.assert_ok();

    let path = format!("/audit?kind=user.impersonated&target={}", ben.id);
    let one = |answer: &Answer| answer.body["events"].as_array().unwrap().len() == 1;
    let events = host.wait_until(&path, root.token(), one).await;
    let event = &events.body["events"][0];
    assert_eq!(event["actor_id"], adam.id);
    assert_eq!(event["target_type"], "user");
    assert_eq!(event["details"]["reason"], reason);

    let wordy = json!({"reason": "x".repeat(10_000)});
    impersonate(&host, &adam, &ben, wordy)
        .await
        .assert_error(422, "validation_failed");
    let token = token.to_owned();
    let host = host.restart_later(life + 1);
    host.get_as("/auth/me", &token)
        .await
        .assert_error(401, "token_expired");
}

/// Nobody becomes a peer or a superior, superadmins neither, and who may not do it becomes nobody.
#[tokio::test]
async fn nobody_becomes_a_peer_or_a_superior() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let sue = host.person(&root, "sue", &["superadmin"]).await;
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let anna = host.person(&root, "anna", &["user", "admin"]).await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    for (actor, target) in [
        (&adam, &anna),
        (&adam, &root),
        (&adam, &adam),
        (&root, &sue),
        (&root, &root),
    ] {
        impersonate(&host, actor, target, json!({}))
            .await
            .assert_error(403, "insufficient_rank");
    }
    for (actor, target) in [(&mia, &ben), (&ben, &mia)] {
        impersonate(&host, actor, target, json!({}))
            .await
            .assert_error(403, "forbidden");
    }
    for (actor, target) in [(&adam, &mia), (&adam, &ben), (&root, &adam)] {
        let token = token_of(&host, actor, target).await;
        let me = host.get_as("/auth/me", &token).await;
        assert_eq!(me.body["id"], target.id);
    }
}

/// What changes who the person is, or administers others, takes the person.
#[tokio::test]
async fn who_impersonates_changes_no_account_and_administers_nobody() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let role = json!({
        "name": "support",
        "permissions": ["users:read", "users:write", "users:delete", "users:impersonate",
            "users:export", "users:import", "roles:read", "roles:write", "audit:read",
            "keys:read", "keys:write"],
    });
    let made = host.send_as("POST", "/roles", root.token(), role).await;
    assert_eq!(made.status, 201, "{made:?}");
    let sam = host.person(&root, "sam", &["user", "support"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    host.get_as("/users", sam.token()).await.assert_ok();
    let token = token_of(&host, &root, &sam).await;

    let code = json!({"code": "000000"});
    let both = json!({"password": PASSWORD, "code": "000000"});
    let of_ben = |rest: &str| format!("{}{rest}", ben.path());
    for (method, path, body) in [
        (
            "POST",
            "/account/change-password".to_owned(),
            json!({"current_password": PASSWORD, "new_password": "a new and better password"}),
        ),
        (
            "POST",
            "/account/change-email".to_owned(),
            json!({"email": "other@example.com", "password": PASSWORD}),
        ),
        (
            "DELETE",
            "/account".to_owned(),
            json!({"password": PASSWORD}),
        ),
        (
            "POST",
            "/auth/2fa/enable".to_owned(),
            json!({"password": PASSWORD}),
        ),
        ("POST", "/auth/2fa/verify".to_owned(), code),
        ("POST", "/auth/2fa/disable".to_owned(), both.clone()),
        ("POST", "/account/2fa/disable".to_owned(), both.clone()),
        ("POST", "/auth/2fa/recovery-codes".to_owned(), both),
        ("GET", "/users".to_owned(), json!(null)),
        ("GET", of_ben(""), json!(null)),
        ("GET", of_ben("/sessions"), json!(null)),
        (
            "POST",
            "/users".to_owned(),
            json!({"email": "new@example.com"}),
        ),
        ("PATCH", of_ben(""), json!({"display_name": "Changed"})),
        ("POST", of_ben("/disable"), json!({})),
        ("POST", of_ben("/reset-password"), json!({})),
        ("POST", of_ben("/roles/premium"), json!({})),
        ("DELETE", of_ben(""), json!({})),
        // Again from it.
        ("POST", of_ben("/impersonate"), json!({})),
        (
            "POST",
            "/users/import".to_owned(),
            json!({"users": [{"email": "new@example.com"}]}),
        ),
        ("GET", "/users/export".to_owned(), json!(null)),
        ("GET", "/roles".to_owned(), json!(null)),
        ("POST", "/roles".to_owned(), json!({"name": "other"})),
        ("GET", "/permissions".to_owned(), json!(null)),
        (
            "POST",
            "/permissions".to_owned(),
            json!({"name": "other:thing"}),
        ),
        ("GET", "/audit".to_owned(), json!(null)),
        ("GET", "/keys".to_owned(), json!(null)),
        ("POST", "/keys/rotate".to_owned(), json!({})),
    ] {
        let answer = if method == "GET" {
            host.get_as(&path, &token).await
        } else {
            host.send_as(method, &path, &token, body).await
        };
        let code = &answer.body["error"]["code"];
        let status = answer.status.as_u16();
        assert_eq!(
            (status, code),
            (403, &json!("impersonation")),
            "{method} {path}: {answer:?}"
        );
    }
    // Nothing of it has happened; and what the person sees can be seen.
    host.login(&sam.email).await;
    host.get_as("/auth/me", ben.token()).await.assert_ok();
    for path in ["/auth/me", "/account", "/account/sessions"] {
        host.get_as(path, &token).await.assert_ok();
    }
    let check = json!({"role": "support"});
    let check = host.send_as("POST", "/access/check", &token, check).await;
    check.assert_ok();
    assert_eq!(check.body["allowed"], true);
}

/// It ends with the sessions of the person, and by signing out, which signs nobody else out.
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

/// It ends when the one who acts is disabled, and when a role is taken from him; he himself stays signed in then.
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
