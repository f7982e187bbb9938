//! fastapi-users.

use gatewright_transfer::{Format, Options};
use serde_json::json;

use super::{ARGON2, BCRYPT, fixture, users, users_with, verifies};

#[test]
fn fastapi_users() {
    for name in [
        "fastapi_users.csv",
        "fastapi_users_sqlite.sql",
        "fastapi_users_pg_copy.sql",
        "fastapi_users_pg_inserts.sql",
        "fastapi_users_pg_column_inserts.sql",
    ] {
        let users = users(Format::FastapiUsers, &fixture(name));
        assert_eq!(
            users,
            [
                json!({
                    "id": "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "email": "ada@example.com",
                    "email_verified": true, "password_hash": ARGON2, "roles": ["superadmin"],
                    "created_at": "2024-01-15T10:30:00.123456Z",
                    "profile": {"full_name": "Ada O'Lovelace; (Countess)"},
                }),
                json!({
                    "id": "7a2d2e8f-3c6b-4d4e-8f90-1b2c3d4e5f60", "email": "bob@example.com",
                    "email_verified": false, "password_hash": BCRYPT, "disabled": true,
                    "profile": {"full_name": "Bob\nNewline\\tab \"q\""},
                }),
            ],
            "{name}"
        );
        assert!(verifies(&users[0], "correct horse battery"));
    }
}

#[test]
fn fastapi_users_with_identifiers_in_hex_and_a_table_of_another_name() {
    let text = "CREATE TABLE IF NOT EXISTS \"people\" (\"id\" CHAR(32) NOT NULL, email TEXT, hashed_password TEXT, bio TEXT, PRIMARY KEY (id), CHECK (bio IN ('a,b')));\n\
        INSERT INTO people VALUES('6F1C1D7E2B5A4C3D9E8F0A1B2C3D4E5F','a@example.com','h',unistr('a\\u000ab\\\\'));\n\
        INSERT INTO people VALUES(X'7a2d2e8f3c6b4d4e8f901b2c3d4e5f60','b@example.com','h',replace(replace('a\\r\\nb','\\r',char(13)),'\\n',char(10)));\n";
    let options = Options {
        table: Some("people".into()),
        ..Options::default()
    };
    let users = users_with(Format::FastapiUsers, text, options);
    assert_eq!(users[0]["id"], "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f");
    assert_eq!(users[0]["profile"], json!({"bio": "a\nb\\"}));
    assert_eq!(users[1]["id"], "7a2d2e8f-3c6b-4d4e-8f90-1b2c3d4e5f60");
    assert_eq!(users[1]["profile"], json!({"bio": "a\r\nb"}));
}
