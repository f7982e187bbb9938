//! Django.

use gatewright_transfer::{Format, Options};
use serde_json::json;

use super::{ARGON2, BCRYPT, fixture, users, users_with, verifies};

#[test]
fn django() {
    for name in ["django_dumpdata.json", "django.csv", "django_sqlite.sql"] {
        let mut users = users(Format::Django, &fixture(name));
        assert!(verifies(&users[0], "correct horse battery"), "{name}");
        assert!(verifies(&users[1], "correct horse battery"), "{name}");
        for user in &mut users {
            user.as_object_mut().unwrap().remove("password_hash");
        }
        // dumpdata writes milliseconds.
        let joined = if name.ends_with("json") {
            "123"
        } else {
            "123456"
        };
        assert_eq!(
            users,
            [
                json!({
                    "email": "ada@example.com", "username": "ada", "display_name": "Ada O'Lovelace",
                    "roles": ["superadmin"], "created_at": format!("2024-01-15T10:30:00.{joined}Z"),
                    "last_login_at": "2024-02-01T08:00:00Z",
                }),
                json!({
                    "email": "bob@example.com", "username": "bob", "created_at": "2024-01-16T10:30:00Z",
                }),
                json!({
                    "username": "carol", "disabled": true, "created_at": "2024-01-17T10:30:00Z",
                }),
            ],
            "{name}"
        );
    }
    let users = users(Format::Django, &fixture("django_mysql.sql"));
    assert_eq!(users[0]["display_name"], "Ada O'Love\\lace");
    assert!(verifies(&users[0], "correct horse battery"));
    assert_eq!(
        users[1],
        json!({"email": "BOB@example.com", "disabled": true, "created_at": "2024-01-16T10:30:00Z"})
    );
    assert_eq!(users.len(), 2);
}

#[test]
fn django_with_other_hashers_and_another_model() {
    let line = |hash: &str| {
        format!(
            r#"{{"model": "accounts.user", "pk": "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "fields": {{"password": "{hash}", "email": "a@example.com", "is_active": true}}}}"#
        )
    };
    // The core refuses forms that it can't verify.
    let stored = [
        format!("argon2{ARGON2}"),
        format!("bcrypt${BCRYPT}"),
        "bcrypt_sha256$$2b$12$x".into(),
    ];
    let text = stored.clone().map(|hash| line(&hash)).join("\n");
    let options = Options {
        table: Some("accounts_user".into()),
        ..Options::default()
    };
    let found = users_with(Format::Django, &text, options);
    let hashes: Vec<_> = found.iter().map(|user| &user["password_hash"]).collect();
    assert_eq!(hashes, stored.each_ref());
    assert_eq!(found[0]["id"], "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f");
    // Without the option the file seems to have no user, which must be reported.
    let none = users(Format::Django, &text);
    assert_eq!(none.len(), 1);
    assert!(none[0]["reason"].as_str().unwrap().contains("auth_user"));
}
