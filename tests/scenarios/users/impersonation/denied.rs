//! Actions that are denied while acting as another user.

use gatewright_tests::host::{Host, PASSWORD, SETUP};
use serde_json::json;

use super::token_of;

/// V8.2.2, V8.2.3: an administrator who acts as another user can't change the account, end its sessions, administer
/// users, or read other users' data.
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
        // A second impersonation from this one.
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
    // Nothing of this has happened; and the user's own view is readable.
    host.login(&sam.email).await;
    for person in [&ben, &sam] {
        host.get_as("/auth/me", person.token()).await.assert_ok();
    }
    for path in [
        "/auth/me",
        "/users/me",
        "/account",
        "/account/identities",
        "/account/sessions",
    ] {
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

/// Every route of the document that changes something with a session, or is for administrators, is closed during an
/// impersonation; routes that only show the account are open.
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
        ("get", "/account/identities"),
        ("get", "/account/sessions"),
        ("post", "/access/check"),
        // It ends only this session, which is the administrator's.
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
