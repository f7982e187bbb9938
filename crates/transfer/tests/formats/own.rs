//! The formats of this project: JSON Lines and CSV.

use gatewright_transfer::{Format, ImportUser, Options, ReadError, Record, read};
use serde_json::json;

use super::{records, users};

#[test]
fn json_lines_are_what_users_are_written_to() {
    let user = ImportUser {
        id: Some("6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f".into()),
        email: Some("ada@example.com".into()),
        roles: Some(vec!["admin".into()]),
        disabled: Some(false),
        recovery_codes: Some(vec!["digest".into()]),
        ..ImportUser::default()
    };
    let line = serde_json::to_string(&user).unwrap();
    assert_eq!(
        line,
        r#"{"id":"6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f","email":"ada@example.com","disabled":false,"roles":["admin"],"recovery_codes":["digest"]}"#
    );
    let text =
        format!("\u{feff}{line}\r\n\n{{\"email\":\"\",\"username\":\"bob\",\"profile\":null}}");
    let read = records(Format::Jsonl, &text, Options::default());
    assert_eq!(
        read[0],
        Record {
            line: 1,
            item: Ok(user.into()),
            left_out: Vec::new(),
        }
    );
    assert_eq!(read[1].line, 3);
    let bob = ImportUser {
        username: Some("bob".to_owned()),
        ..ImportUser::default()
    };
    assert_eq!(read[1].item, Ok(bob.into()));
    assert_eq!(read.len(), 2);
}

#[test]
fn permissions_and_roles_have_lines_of_their_own() {
    let text = concat!(
        r#"{"permission": {"name": "posts:write", "description": "Write."}}"#,
        "\n",
        r#" { "role": {"name": "editor", "permissions": ["posts:write"]}}"#,
        "\n",
        r#"{"role": {"description": "without a name"}}"#,
        "\n",
        r#"{"roles": ["editor"], "email": "ada@example.com"}"#,
        "\n"
    );
    let read = users(Format::Jsonl, text);
    assert_eq!(
        read[0],
        json!({"permission": {"name": "posts:write", "description": "Write."}})
    );
    assert_eq!(
        read[1],
        json!({"role": {"name": "editor", "description": "", "permissions": ["posts:write"]}})
    );
    let reason = read[2]["reason"].as_str().unwrap();
    assert!(reason.contains("missing field `name`"), "{reason}");
    assert_eq!(read[3]["email"], "ada@example.com");
}

#[test]
fn csv_has_the_fields_by_name() {
    let text = "id,email,email_verified,roles,profile.city,profile.team,created_at,password_hash\r\n\
        6F1C1D7E2B5A4C3D9E8F0A1B2C3D4E5F,ada@example.com,true,admin; editor,\"New York, NY\",,2024-01-15 10:30:00,$2b$x\r\n\
        17,\"bob@example.com\",,,,,,\r\n";
    assert_eq!(
        users(Format::Csv, text),
        [
            json!({
                "id": "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "email": "ada@example.com",
                "email_verified": true, "roles": ["admin", "editor"], "profile": {"city": "New York, NY"},
                "created_at": "2024-01-15T10:30:00Z", "password_hash": "$2b$x",
            }),
            json!({"email": "bob@example.com"}),
        ]
    );
    let error = |text: &'static str| read(Format::Csv, text.as_bytes(), Options::default()).err();
    assert!(
        matches!(error("email,pasword_hash\n"), Some(ReadError::UnknownColumn(name)) if name == "pasword_hash")
    );
    assert!(matches!(
        error("password_hash\n"),
        Some(ReadError::Column("email"))
    ));
}
