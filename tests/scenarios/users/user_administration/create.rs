//! Creating users.

use gatewright_tests::MailService;
use gatewright_tests::host::{PASSWORD, SETUP};
use serde_json::json;

use super::{NEW, done, link_to, login, make, send};

/// Users can be created with a password, without one, and with a link to choose one.
#[tokio::test]
async fn an_administrator_makes_users() {
    let mail = MailService::start();
    let fields = r#"[{"name": "tier", "editable_by": "admin"}]"#;
    let host = mail.host(&[SETUP, ("PROFILE_FIELDS", fields)]);
    let root = host.administrator().await;
    let ada = make(
        &host,
        &root,
        json!({
            "email": "ada@example.com",
            "username": "ada",
            "password": PASSWORD,
            "display_name": "Ada",
            "profile": {"tier": "gold"},
        }),
    )
    .await;
    for (field, value) in [
        ("email", json!("ada@example.com")),
        ("email_verified", json!(false)),
        ("email_verified_at", json!(null)),
        ("username", json!("ada")),
        ("display_name", json!("Ada")),
        ("profile", json!({"tier": "gold"})),
        ("disabled", json!(false)),
        ("disabled_at", json!(null)),
        ("locked_until", json!(null)),
        ("last_login_at", json!(null)),
        ("roles", json!(["user"])),
        ("permissions", json!([])),
        ("has_password", json!(true)),
        ("mfa_enabled", json!(false)),
    ] {
        assert_eq!(ada[field], value, "{field}: {ada}");
    }
    assert!(ada["created_at"].is_string() && ada["updated_at"].is_string());
    assert_eq!(host.record(&root, ada["id"].as_str().unwrap()).await, ada);
    // The response contains no hash or token.
    assert!(!ada.to_string().contains("argon2"));
    login(&host, "ada@example.com", PASSWORD).await.assert_ok();

    let ben = make(
        &host,
        &root,
        json!({"email": "ben@example.com", "email_verified": true, "roles": ["user", "premium"]}),
    )
    .await;
    assert_eq!(ben["has_password"], false);
    assert_eq!(ben["roles"], json!(["premium", "user", "verified"]));
    login(&host, "ben@example.com", PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");

    let invited = json!({"email": "cleo@example.com", "display_name": "Cleo", "invite": true});
    let cleo = make(&host, &root, invited).await;
    assert_eq!(cleo["has_password"], false);
    let token = link_to(&mail, "invitation", "cleo@example.com");
    let path = format!("/auth/reset-password/{token}");
    let short = host.post(&path, json!({"password": "short"})).await;
    assert_eq!(short.broken_rules(), ["password too_short"]);
    done(&host.post(&path, json!({"password": NEW})).await);
    host.post(&path, json!({"password": PASSWORD}))
        .await
        .assert_error(400, "link_used");
    login(&host, "cleo@example.com", NEW).await.assert_ok();
    // The recipient of the mail has proved the address.
    let cleo = host.record(&root, cleo["id"].as_str().unwrap()).await;
    assert_eq!(cleo["email_verified"], true);
    assert_eq!(cleo["roles"], json!(["user", "verified"]));

    for (body, status, code) in [
        (json!({"email": "ADA@example.com"}), 409, "email_taken"),
        (json!({"username": "Ada"}), 409, "username_taken"),
    ] {
        send(&host, &root, "POST", "/users", body)
            .await
            .assert_error(status, code);
    }
    for (body, field) in [
        (json!({}), "email"),
        (json!({"display_name": "Nobody"}), "email"),
        (json!({"email": "no address"}), "email"),
        (
            json!({"email": "d@example.com", "username": "x"}),
            "username",
        ),
        (
            json!({"email": "d@example.com", "password": "short"}),
            "password",
        ),
        (
            json!({"email": "d@example.com", "display_name": "x".repeat(101)}),
            "display_name",
        ),
        (
            json!({"email": "d@example.com", "profile": {"other": 1}}),
            "profile.other",
        ),
        (
            json!({"email": "d@example.com", "roles": ["unknown"]}),
            "roles",
        ),
        (json!({"email": "d@example.com", "roles": "user"}), "roles"),
        (json!({"username": "dieter", "invite": true}), "email"),
    ] {
        let answer = send(&host, &root, "POST", "/users", body.clone()).await;
        answer.assert_error(422, "validation_failed");
        let rules = answer.broken_rules();
        assert!(rules[0].starts_with(field), "{body}: {rules:?}");
    }
}
