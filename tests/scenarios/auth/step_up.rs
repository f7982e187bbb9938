//! Reauthentication before sensitive actions.

use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

use crate::auth::access_token_is_checked::part;
use crate::auth::second_factor::{ada, enrol};

/// Just after the ten minutes for which a proof is valid.
const LATER: u64 = 601;

fn reauthenticate(host: &Host, token: &str, body: Value) -> impl Future<Output = Answer> {
    host.send_as("POST", "/auth/reauthenticate", token, body)
}

async fn id_of(host: &Host, token: &str) -> String {
    let me = host.get_as("/auth/me", token).await;
    me.body["session_id"].as_str().unwrap().to_owned()
}

/// V7.5.1, V7.5.2: ten minutes after a proof, a user's sensitive actions require another one, except signing out.
#[tokio::test]
async fn a_person_proves_once_more_who_they_are() {
    let host = Host::start(&[]);
    let here = host.register("ada@example.com").await;
    let elsewhere = host.login("ada@example.com").await;
    let other = format!(
        "/account/sessions/{}",
        id_of(&host, &elsewhere.access_token).await
    );
    let host = host.restart_later(LATER);
    let acts = [
        ("PATCH", "/account", json!({"username": "ada"})),
        ("DELETE", &other, json!(null)),
        ("POST", "/account/logout-others", json!(null)),
    ];
    for (method, path, body) in &acts {
        host.send_as(method, path, &here.access_token, body.clone())
            .await
            .assert_error(403, "reauthentication_required");
    }
    // Changes that are not sensitive, and the correct password, need no further proof.
    let shown = json!({"display_name": "Ada"});
    host.send_as("PATCH", "/account", &here.access_token, shown)
        .await
        .assert_ok();
    let email = json!({"email": "new@example.com", "password": PASSWORD});
    let asked = host.send_as("POST", "/account/change-email", &here.access_token, email);
    assert_eq!(asked.await.status, 202);

    reauthenticate(&host, &here.access_token, json!({}))
        .await
        .assert_error(422, "validation_failed");
    reauthenticate(&host, &here.access_token, json!({"password": "a guess"}))
        .await
        .assert_error(403, "wrong_password");
    let proved = reauthenticate(&host, &here.access_token, json!({"password": PASSWORD})).await;
    let renewed = Tokens::of(&proved.body);
    let since = |tokens: &Tokens| part(&tokens.access_token, 1)["auth_time"].as_u64();
    assert!(since(&renewed) >= since(&here).map(|time| time + LATER));
    // V7.2.4: with new tokens.
    host.get_as("/auth/me", &here.access_token)
        .await
        .assert_error(401, "session_ended");
    for (method, path, body) in &acts {
        let done = host.send_as(method, path, &renewed.access_token, body.clone());
        let done = done.await;
        assert!(done.status.is_success(), "{path} {done:?}");
    }

    // Signing out.
    let mut host = host;
    for (method, path) in [
        ("DELETE", "/account/sessions/{id}"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/logout-all"),
    ] {
        let session = host.login("ada@example.com").await;
        let path = match method {
            "DELETE" => format!(
                "/account/sessions/{}",
                id_of(&host, &session.access_token).await
            ),
            _ => path.to_owned(),
        };
        host = host.restart_later(2 * LATER);
        let out = host.call_as(method, &path, &session.access_token).await;
        assert_eq!(out.status, 204, "{path} {out:?}");
        host = host.restart_later(LATER);
    }
}

/// V7.5.3: so do an administrator's actions that delete users, take over accounts or grant permissions.
#[tokio::test]
async fn an_administrator_proves_once_more_who_they_are() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let path = ada.path();
    let ada = enrol(&host, ada.session).await.session.access_token;
    let role = json!({"name": "editor"});
    let made = host.send_as("POST", "/roles", root.token(), role.clone());
    assert_eq!(made.await.status, 201);
    let host = host.restart_later(LATER);
    let of_ada = |rest: &str| format!("{path}{rest}");
    let new = json!({"email": "ben@example.com", "roles": ["superadmin"]});
    let acts = [
        ("GET", "/users/export?secrets=true".to_owned(), json!(null)),
        ("PATCH", of_ada(""), json!({"email": "taken@example.com"})),
        ("POST", of_ada("/reset-password"), json!({})),
        ("DELETE", of_ada("/2fa"), json!({})),
        ("POST", of_ada("/roles/premium"), json!({})),
        ("DELETE", of_ada("/roles/premium"), json!({})),
        ("DELETE", of_ada("/sessions"), json!({})),
        ("POST", of_ada("/impersonate"), json!({})),
        ("POST", of_ada("/disable"), json!({})),
        ("DELETE", of_ada(""), json!({})),
        ("POST", "/users".to_owned(), new),
        (
            "POST",
            "/users/import".to_owned(),
            json!({"users": [{"email": "cleo@example.com"}]}),
        ),
        ("PUT", "/roles/editor".to_owned(), role),
        ("DELETE", "/roles/editor".to_owned(), json!({})),
        ("POST", "/keys/rotate".to_owned(), json!({})),
    ];
    for (method, path, body) in &acts {
        host.send_as(method, path, root.token(), body.clone())
            .await
            .assert_error(403, "reauthentication_required");
    }
    // Without permission the action is refused before a proof is requested.
    host.send_as("DELETE", &of_ada(""), &ada, json!({}))
        .await
        .assert_error(403, "forbidden");
    for path in ["/users", "/users/export", "/audit"] {
        host.get_as(path, root.token()).await.assert_ok();
    }
    let plain = json!({"email": "dora@example.com"});
    let made = host.send_as("POST", "/users", root.token(), plain).await;
    assert_eq!(made.status, 201, "{made:?}");

    let proved = reauthenticate(&host, root.token(), json!({"password": PASSWORD})).await;
    let token = Tokens::of(&proved.body).access_token;
    for (method, path, body) in &acts {
        let done = host.send_as(method, path, &token, body.clone()).await;
        assert!(done.status.is_success(), "{method} {path} {done:?}");
    }
}

/// V7.5.1, V7.5.3: with an active second factor, a proof requires both factors, also in an older session.
#[tokio::test]
async fn with_a_second_factor_a_proof_is_both() {
    let host = Host::start(&[SETUP]);
    let first = ada(&host).await;
    let before = host.login("ada@example.com").await.access_token;
    let ada = enrol(&host, first).await;
    let code = |at: usize| ada.recovery_codes[at].clone();
    let name = async |token: &str| {
        let username = json!({"username": "ada"});
        host.send_as("PATCH", "/account", token, username).await
    };
    name(&ada.session.access_token).await.assert_ok();
    name(&before)
        .await
        .assert_error(403, "reauthentication_required");
    let new = "a new and better password";
    for (path, field) in [
        ("change-password", "current_password"),
        ("change-email", "password"),
    ] {
        let mut body = json!({"new_password": new, "email": "new@example.com"});
        body[field] = PASSWORD.into();
        host.send_as("POST", &format!("/account/{path}"), &before, body)
            .await
            .assert_error(403, "reauthentication_required");
    }
    host.send_as("DELETE", "/account", &before, json!({"password": PASSWORD}))
        .await
        .assert_error(403, "reauthentication_required");
    let email = json!({"email": "new@example.com", "password": PASSWORD, "code": code(0)});
    let asked = host.send_as("POST", "/account/change-email", &before, email);
    assert_eq!(asked.await.status, 202);

    let alone = reauthenticate(&host, &before, json!({"password": PASSWORD})).await;
    assert_eq!(alone.broken_rules(), ["code required"]);
    let wrong = json!({"password": PASSWORD, "code": "000000"});
    reauthenticate(&host, &before, wrong)
        .await
        .assert_error(403, "invalid_code");
    let both = json!({"password": PASSWORD, "code": code(1)});
    let proved = reauthenticate(&host, &before, both).await;
    let token = Tokens::of(&proved.body).access_token;
    name(&token).await.assert_ok();
    // The password is sent, and both factors were proved just now.
    let change = json!({"current_password": PASSWORD, "new_password": new});
    let changed = host.send_as("POST", "/account/change-password", &token, change);
    let token = Tokens::of(&changed.await.body).access_token;
    name(&token).await.assert_ok();
}

/// V6.3.7: every change of the user name is notified by mail; other profile changes are not.
#[tokio::test]
async fn a_changed_user_name_is_told_by_mail() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let change = |token: String, path: String, body: Value| {
        let host = &host;
        async move { host.send_as("PATCH", &path, &token, body).await.assert_ok() }
    };
    let own = || (ada.token().to_owned(), "/account".to_owned());
    for (by, path, body, told) in [
        (own().0, own().1, json!({"display_name": "Ada"}), false),
        (own().0, own().1, json!({"username": "ada"}), true),
        (own().0, own().1, json!({"username": "ada"}), false),
        (
            root.token().to_owned(),
            ada.path(),
            json!({"username": "ada.l"}),
            true,
        ),
        (own().0, own().1, json!({"username": null}), true),
    ] {
        change(by, path, body).await;
        if told {
            let message = mail.next().message;
            assert_eq!(message["kind"], "username_changed");
            assert_eq!(message["to"], "ada@example.com");
        }
    }
}

/// V7.5.1: a member that only the reader of the body skips hides no other one from the question for a proof.
#[tokio::test]
async fn a_member_that_is_skipped_hides_no_other() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let host = host.restart_later(LATER);
    for skipped in ["1e999", r#""\ud800""#] {
        let body = format!(r#"{{"username": "other", "skipped": {skipped}}}"#);
        let request = host
            .request(Method::PATCH, "/account")
            .bearer_auth(root.token())
            .header("content-type", "application/json")
            .body(body);
        Answer::of(request)
            .await
            .assert_error(403, "reauthentication_required");
    }
}
