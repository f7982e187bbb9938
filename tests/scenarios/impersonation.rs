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

/// V8.2.2, V8.2.3: whoever acts as another changes nothing of the account, ends no session of it, administers nobody, and
/// learns nothing of a third person.
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
    let link = "A".repeat(43);
    let session = host.get_as("/account/sessions", sam.token()).await;
    let session = session.body["sessions"][0]["id"].as_str().unwrap();
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
        (
            "PATCH",
            "/account".to_owned(),
            json!({"username": "taken_over", "display_name": "Changed"}),
        ),
        ("PATCH", "/account".to_owned(), json!({"profile": {}})),
        ("POST", "/auth/logout-all".to_owned(), json!({})),
        ("POST", "/account/logout-others".to_owned(), json!({})),
        (
            "DELETE",
            format!("/account/sessions/{session}"),
            json!(null),
        ),
        ("POST", format!("/auth/verify/{link}"), json!({})),
        ("GET", format!("/auth/verify/{link}"), json!(null)),
        ("POST", "/auth/verify".to_owned(), json!({ "token": link })),
        ("POST", format!("/auth/confirm-email/{link}"), json!({})),
        (
            "POST",
            "/access/check".to_owned(),
            json!({"role": "user", "user_id": ben.id}),
        ),
        (
            "POST",
            "/access/check".to_owned(),
            json!({"checks": [{"permission": "users:read"}], "user_id": root.id}),
        ),
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
    for person in [&ben, &sam] {
        host.get_as("/auth/me", person.token()).await.assert_ok();
    }
    for path in ["/auth/me", "/users/me", "/account", "/account/sessions"] {
        host.get_as(path, &token).await.assert_ok();
    }
    let me = host.get_as("/auth/me", &token).await.body;
    assert_eq!(
        (&me["username"], &me["display_name"]),
        (&json!(null), &json!(null))
    );
    for check in [
        json!({"role": "support"}),
        json!({"role": "support", "user_id": sam.id}),
    ] {
        let check = host.send_as("POST", "/access/check", &token, check).await;
        check.assert_ok();
        assert_eq!(check.body["allowed"], true);
    }
}

/// Every route of the document that takes a session and changes something, or is for administrators, is closed to whoever
/// acts as another; what only shows the account is open.
#[tokio::test]
async fn every_route_that_changes_something_is_closed_to_who_impersonates() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let sam = host.person(&root, "sam", &["user", "admin"]).await;
    let token = token_of(&host, &root, &sam).await;
    let open = [
        ("get", "/auth/me"),
        ("get", "/users/me"),
        ("get", "/account"),
        ("get", "/account/sessions"),
        ("post", "/access/check"),
        // It ends this session alone, which is the administrator's.
        ("post", "/auth/logout"),
        ("post", "/logout"),
        ("post", "/auth/jwt/logout"),
        ("post", "/auth/cookie/logout"),
    ];
    let document = host.get("/openapi.json").await.body;
    let mut closed = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let secured = operation
                .get("security")
                .is_some_and(|security| *security != json!([]));
            if !secured || open.contains(&(method.as_str(), path.as_str())) {
                continue;
            }
            closed += 1;
            let filled = path.replace("{token}", &"A".repeat(43));
            let filled = filled
                .split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "018bcfe5-6800-7000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect::<Vec<_>>()
                .join("/");
            let answer = if method == "get" {
                host.get_as(&filled, &token).await
            } else {
                let body = json!({"token": "A".repeat(43)});
                host.send_as(&method.to_uppercase(), &filled, &token, body)
                    .await
            };
            let code = &answer.body["error"]["code"];
            assert_eq!(
                (
                    answer.status.as_u16(),
                    code,
                    &answer.body["error"]["status_code"]
                ),
                (403, &json!("impersonation"), &json!(403)),
                "{method} {path}: {answer:?}"
            );
        }
    }
    assert!(closed > 40, "{closed}");
    host.get_as("/auth/me", &token).await.assert_ok();
}

/// V8.2.4, V8.3.2: it ends with the session, the permission and the rank that it rests on, with the next request.
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
    // The way there and the way back, both by a superadmin.
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
        // It has ended for good.
        ended(&token).await;
    }
    host.get_as("/auth/me", sam.token()).await.assert_ok();

    // Their own session: signed out of, here or from another device, ended by an administrator, refreshed in two hands.
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
    // Nor does the person see it as a session any more.
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
    // The person has noticed nothing.
    host.get_as("/auth/me", ben.token()).await.assert_ok();
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
