//! Editing users.

use gatewright_tests::host::{Host, PASSWORD, SETUP};
use serde_json::{Value, json};

use super::{NOBODY, login, make, send};

/// Given fields are changed; omitted ones stay, and null clears a field.
#[tokio::test]
async fn an_administrator_edits_users() {
    let fields = r#"[{"name": "company"}, {"name": "tier", "editable_by": "admin"}]"#;
    let host = Host::start(&[SETUP, ("PROFILE_FIELDS", fields)]);
    let root = host.administrator().await;
    let ben = json!({"email": "ben@example.com", "username": "ben"});
    make(&host, &root, ben).await;
    let ada = json!({
        "email": "ada@example.com",
        "password": PASSWORD,
        "profile": {"company": "Engines"},
    });
    let ada = make(&host, &root, ada).await;
    let path = format!("/users/{}", ada["id"].as_str().unwrap());
    let change = |body: Value| send(&host, &root, "PATCH", &path, body);

    let changed = change(json!({
        "username": "ada",
        "display_name": "Ada",
        "profile": {"tier": "gold"},
        "email_verified": true,
    }))
    .await;
    changed.assert_ok();
    for (field, value) in [
        ("email", json!("ada@example.com")),
        ("username", json!("ada")),
        ("display_name", json!("Ada")),
        ("profile", json!({"company": "Engines", "tier": "gold"})),
        ("email_verified", json!(true)),
        // The role changes, too.
        ("roles", json!(["user", "verified"])),
    ] {
        assert_eq!(changed.body[field], value, "{changed:?}");
    }
    assert!(changed.body["email_verified_at"].is_string());
    let changed = change(json!({"email_verified": false})).await;
    assert_eq!(changed.body["email_verified"], false);
    assert_eq!(changed.body["email_verified_at"], json!(null));
    assert_eq!(changed.body["roles"], json!(["user"]));

    let moved = json!({"email": "ada@example.org", "email_verified": true});
    let changed = change(moved).await;
    assert_eq!(changed.body["email"], "ada@example.org");
    assert_eq!(changed.body["roles"], json!(["user", "verified"]));
    login(&host, "ada@example.org", PASSWORD).await.assert_ok();
    login(&host, "ada@example.com", PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    // This address is not verified.
    let changed = change(json!({"email": "ada@example.net"})).await;
    assert_eq!(changed.body["email_verified"], false);
    assert_eq!(changed.body["roles"], json!(["user"]));

    let emptied = json!({"display_name": null, "profile": {"company": null, "tier": null}});
    let changed = change(emptied).await;
    assert_eq!(changed.body["display_name"], json!(null));
    assert_eq!(changed.body["profile"], json!({}));
    let changed = change(json!({"email": null})).await;
    changed.assert_ok();
    assert_eq!(changed.body["email"], json!(null));
    // A user needs something to sign in with.
    change(json!({"username": null}))
        .await
        .assert_error(422, "validation_failed");
    let changed = change(json!({})).await;
    changed.assert_ok();
    assert_eq!(changed.body["username"], "ada");

    change(json!({"email": "ben@example.com"}))
        .await
        .assert_error(409, "email_taken");
    change(json!({"username": "Ben"}))
        .await
        .assert_error(409, "username_taken");
    for body in [
        json!({"email": "no address"}),
        json!({"username": "x"}),
        json!({"display_name": "x".repeat(101)}),
        json!({"profile": {"other": 1}}),
        json!({"email_verified": "yes"}),
    ] {
        change(body).await.assert_error(422, "validation_failed");
    }
    send(&host, &root, "PATCH", NOBODY, json!({}))
        .await
        .assert_error(404, "not_found");
}
