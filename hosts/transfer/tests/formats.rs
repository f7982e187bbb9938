//! What becomes of users in the exports of each system. The files in `fixtures` were written by the tools themselves
//! (pg_dump 15, SQLite 3.40, fastapi-users 15, Django 5.2, better-auth 1.7), but for `django_mysql.sql` and the tables
//! of Supabase, which are its migrations' and were dumped by pg_dump.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::io::Cursor;

use auth_core::password::{Hasher, Parameters};
use gatewright_transfer::{
    FirebaseHash, Format, ImportUser, Item, Options, ReadError, Record, read,
};
use serde_json::{Value, json};

const ARGON2: &str = "$argon2id$v=19$m=65536,t=3,p=4$nTcALhtbj9msselumQcYzA$TEAmXgLKbEXivpp+s+UC0OfYJLpcEfN8rSMSYTOgPZg";
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";
const SIGNER_KEY: &str =
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

fn records(format: Format, text: &str, options: Options) -> Vec<Record> {
    let input = Cursor::new(text.to_owned().into_bytes());
    read(format, input, options).unwrap().collect()
}

/// The users as JSON, or the reasons.
fn users_with(format: Format, text: &str, options: Options) -> Vec<Value> {
    records(format, text, options)
        .into_iter()
        .map(|record| match record.item {
            Ok(Item::User(user)) => serde_json::to_value(user).unwrap(),
            Ok(Item::Definition(definition)) => serde_json::to_value(definition).unwrap(),
            Err(reason) => json!({"line": record.line, "reason": reason}),
        })
        .collect()
}

fn users(format: Format, text: &str) -> Vec<Value> {
    users_with(format, text, Options::default())
}

fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

fn verifies(user: &Value, password: &str) -> bool {
    let hash = user["password_hash"].as_str().unwrap();
    Hasher::new(Parameters::default())
        .verify(password, hash)
        .unwrap()
}

#[test]
fn every_format_has_a_name() {
    for name in Format::NAMES {
        assert!(Format::parse(name).is_some(), "{name}");
    }
    assert_eq!(Format::parse("oracle"), None);
}

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
            item: Ok(user.into())
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
    // The core knows the forms that it can verify, and refuses the others.
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
    // Without the option the file seems to have no user, which has to be told.
    let none = users(Format::Django, &text);
    assert_eq!(none.len(), 1);
    assert!(none[0]["reason"].as_str().unwrap().contains("auth_user"));
}

#[test]
fn better_auth() {
    for name in ["better_auth.json", "better_auth_pg_copy.sql"] {
        let users = users(Format::BetterAuth, &fixture(name));
        assert_eq!(users.len(), 3, "{name}");
        assert_eq!(users[0]["email"], "ada@example.com");
        assert_eq!(users[0]["email_verified"], true);
        assert_eq!(users[0]["username"], "ada");
        assert_eq!(users[0]["display_name"], "Ada Lovelace");
        assert_eq!(users[0].get("roles"), None);
        assert_eq!(users[0].get("profile"), None);
        assert!(verifies(&users[0], "correct horse battery"));
        assert_eq!(users[1]["disabled"], true);
        assert_eq!(users[1].get("id"), None);
        assert!(verifies(&users[1], "correct horse battery"));
        // Signs in with Google only.
        assert_eq!(users[2].get("password_hash"), None);
        assert_eq!(users[2]["id"], "9f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f");
    }
}

#[test]
fn better_auth_with_underscores_and_users_before_accounts() {
    let text = "CREATE TABLE user (id text primary key, name text not null, email text, email_verified integer, created_at integer, banned integer, ban_expires integer, plan text);\n\
        INSERT INTO user VALUES('u1','Ada','a@example.com',1,1705314600,1,1000000000,'pro');\n\
        INSERT INTO user VALUES('u2','Bob','b@example.com',0,1705314600000,1,32503680000,NULL);\n\
        CREATE TABLE account (id text, account_id text, provider_id text, user_id text, password text);\n\
        INSERT INTO account VALUES('1','u1','credential','u1','00:11');\n\
        INSERT INTO account VALUES('2','117','github','u2',NULL);\n\
        CREATE TABLE two_factor (id text, secret text);\n\
        INSERT INTO two_factor VALUES('1','encrypted');\n";
    assert_eq!(
        users(Format::BetterAuth, text),
        [
            // His ban is over.
            json!({
                "email": "a@example.com", "email_verified": true, "display_name": "Ada", "password_hash": "00:11",
                "created_at": "2024-01-15T10:30:00Z", "profile": {"plan": "pro"},
            }),
            json!({
                "email": "b@example.com", "email_verified": false, "display_name": "Bob", "disabled": true,
                "created_at": "2024-01-15T10:30:00Z",
            }),
        ]
    );
}

#[test]
fn auth0() {
    let text = r#"{"_id":{"$oid":"5dea9f9c82dd7c0e76e4ec93"},"email_verified":false,"email":"nico@example.com","passwordHash":"$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS","password_set_date":{"$date":"2019-12-06T18:36:12.412Z"},"tenant":"t","connection":"Username-Password-Authentication","_tmp_is_unique":true,"alt_id":"euclid"}
{"_id":{"$oid":"657376510000000000000011"},"tenant":"t","identifiers":[{"type":"email","value":"s@example.com","verified":true},{"type":"username","value":"sconnor"}]}
{"user_id":"auth0|6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f","email":"ada@example.com","email_verified":true,"username":"ada","name":"Ada Lovelace","nickname":"ada","created_at":"2024-01-15T10:30:00.123Z","last_login":"2024-02-01T08:00:00.000Z","user_metadata":{"theme":"dark"},"app_metadata":{"plan":"pro"},"blocked":true}
{"user_id":"google-oauth2|117","email":"bob@example.com","email_verified":true,"name":"bob@example.com"}
"#;
    let expected = [
        json!({
            "email": "nico@example.com", "email_verified": false,
            "password_hash": "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
        }),
        json!({"email": "s@example.com", "email_verified": true, "username": "sconnor"}),
        json!({
            "id": "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "email": "ada@example.com", "email_verified": true,
            "username": "ada", "display_name": "Ada Lovelace", "created_at": "2024-01-15T10:30:00.123Z",
            "last_login_at": "2024-02-01T08:00:00Z", "profile": {"theme": "dark"}, "disabled": true,
        }),
        json!({"email": "bob@example.com", "email_verified": true}),
    ];
    assert_eq!(users(Format::Auth0, text), expected);
    let list = format!("[\n{}]", text.trim().replace('\n', ",\n"));
    assert_eq!(users(Format::Auth0, &list), expected);
}

#[test]
fn clerk() {
    let text = "id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher\n\
        user_2YDryYFVMM1W1plDDKz7Gzf4we6,Jane,Doe,jane,jane@example.com,,jane@example.com,,,,JBSWY3DPEHPK3PXP,$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS,bcrypt\n\
        user_2ZZCgLE7kJG2CRBxTZ6YUIvzS10,John,,,,+15550100,,john@example.com,,,,,\n";
    assert_eq!(
        users(Format::Clerk, text),
        [
            json!({
                "email": "jane@example.com", "email_verified": true, "username": "jane",
                "display_name": "Jane Doe", "totp_secret": "JBSWY3DPEHPK3PXP", "password_hash": BCRYPT,
            }),
            json!({
                "email": "john@example.com", "email_verified": false, "display_name": "John",
                "profile": {"phone_number": "+15550100"},
            }),
        ]
    );
    let text = json!([{
        "id": "user_1", "external_id": "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "first_name": "John", "last_name": null,
        "primary_email_address": "j@example.com", "email_addresses": ["x@example.com", "j@example.com"],
        "unsafe_metadata": {"theme": "dark"}, "private_metadata": {"admin": true},
        "banned": true, "created_at": 1705314600123_i64,
    }]);
    assert_eq!(
        users(Format::Clerk, &serde_json::to_string_pretty(&text).unwrap()),
        [json!({
            "id": "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "email": "j@example.com", "display_name": "John",
            "profile": {"theme": "dark"}, "disabled": true, "created_at": "2024-01-15T10:30:00.123Z",
        })]
    );
}

#[test]
fn clerk_with_hashes_of_other_systems() {
    let user = |hasher: &str, digest: &str| {
        let text =
            json!({"id": "u", "password_hasher": hasher, "password_digest": digest}).to_string();
        users(Format::Clerk, &text).remove(0)
    };
    let firebase = format!(
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$42xEC+ixf3L2lw==${SIGNER_KEY}$Bw==$8$14"
    );
    assert!(verifies(
        &user("scrypt_firebase", &firebase),
        "user1password"
    ));
    // Django's vectors, with the salt in Base64 and the hash in hex.
    let hash = "pbkdf2_sha256$1000$c2Vhc2FsdA==$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=";
    assert!(verifies(
        &user("pbkdf2_sha256", hash),
        "correct horse battery"
    ));
    let hash = "pbkdf2_sha256$1000$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=";
    assert!(verifies(
        &user("pbkdf2_sha256_django", hash),
        "correct horse battery"
    ));
    let hash = "pbkdf2_sha1$1000$seasalt$2cf4db629fffd7d023ad4c740ed2b957ef832d81";
    assert_eq!(
        user("pbkdf2_sha1", hash)["password_hash"],
        "pbkdf2:sha1:1000$seasalt$2cf4db629fffd7d023ad4c740ed2b957ef832d81"
    );
    let refused = user("md5", "5f4dcc3b5aa765d61d8327deb882cf99");
    assert_eq!(refused["reason"], "its hash of `md5` can't be verified");
}

#[test]
fn supabase() {
    for name in [
        "supabase.csv",
        "supabase_pg_copy.sql",
        "supabase_pg_inserts.sql",
    ] {
        let found = users(Format::Supabase, &fixture(name));
        assert_eq!(
            found[..2],
            [
                json!({
                    "id": "0b1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "email": "ada@example.com", "email_verified": true,
                    "email_verified_at": "2024-01-15T10:30:00Z", "display_name": "Ada \"the\" Countess",
                    "profile": {"theme": "dark\\n"},
                    "password_hash": "$2a$10$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
                    "created_at": "2024-01-15T10:29:00.123456Z", "last_login_at": "2024-02-01T08:00:00.5Z",
                }),
                json!({
                    "id": "1b1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "email": "bob@example.com", "email_verified": false,
                    "display_name": "Bob", "profile": {"phone_number": "+15550100"}, "disabled": true,
                    "created_at": "2024-01-15T10:29:00Z",
                }),
            ],
            "{name}"
        );
        assert_eq!(
            found[2]["reason"], "gone@example.com: the user was deleted at 2024-03-01T00:00:00Z",
            "{name}"
        );
        // Anonymous: the server refuses who has neither address nor name.
        assert_eq!(
            found[3],
            json!({"id": "3b1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f", "created_at": "2024-01-15T10:29:00Z"})
        );
        assert_eq!(found.len(), 4, "{name}");
    }
    // `public.users` of the application is another table.
    let other = fixture("supabase_pg_copy.sql").replace("auth.users", "public.users");
    let none = users(Format::Supabase, &other);
    assert_eq!(none.len(), 1);
    assert!(none[0]["reason"].as_str().unwrap().contains("auth.users"));
    // Hashes that Supabase took over from Firebase.
    let text = format!(
        "id,encrypted_password\n\"x\",\"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={SIGNER_KEY}$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==\"\n"
    );
    assert!(verifies(
        &users(Format::Supabase, &text)[0],
        "user1password"
    ));
}

fn firebase_options() -> Options {
    Options {
        firebase: Some(FirebaseHash {
            signer_key: SIGNER_KEY.into(),
            salt_separator: "Bw==".into(),
            rounds: 8,
            mem_cost: 14,
        }),
        ..Options::default()
    }
}

#[test]
fn firebase() {
    let json = r#"{"users": [
{
  "localId": "EWNCAuZ1dWTAsv1ILcGKSrNGwCn2",
  "email": "ada@example.com",
  "emailVerified": true,
  "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
  "salt": "42xEC+ixf3L2lw==",
  "displayName": "Ada, \"the\" {Countess}",
  "lastSignedInAt": "1706774400000",
  "createdAt": "1705314600123",
  "providerUserInfo": []
},
{
  "localId": "2", "email": "bob@example.com", "emailVerified": false, "photoUrl": "https://example.com/bob.png",
  "createdAt": "1705314600123", "phoneNumber": "+15550100", "disabled": true,
  "customAttributes": "{\"admin\":true}",
  "providerUserInfo": [{"providerId": "google.com", "rawId": "117", "email": "bob@example.com"}]
}]}"#;
    let csv = "EWNCAuZ1dWTAsv1ILcGKSrNGwCn2,ada@example.com,true,lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==,42xEC+ixf3L2lw==,\"Ada, \"\"the\"\" {Countess}\",,,,,,,,,,,,,,,,,,1705314600123,1706774400000,,,,\n\
        2,bob@example.com,false,,,,https://example.com/bob.png,117,bob@example.com,,,,,,,,,,,,,,,1705314600123,,+15550100,true,\"{\"\"admin\"\":true}\",\n";
    for text in [json, csv] {
        let mut users = users_with(Format::Firebase, text, firebase_options());
        assert!(verifies(&users[0], "user1password"));
        users[0].as_object_mut().unwrap().remove("password_hash");
        assert_eq!(
            users,
            [
                json!({
                    "email": "ada@example.com", "email_verified": true, "display_name": "Ada, \"the\" {Countess}",
                    "created_at": "2024-01-15T10:30:00.123Z", "last_login_at": "2024-02-01T08:00:00Z",
                }),
                json!({
                    "email": "bob@example.com", "email_verified": false, "disabled": true,
                    "created_at": "2024-01-15T10:30:00.123Z",
                    "profile": {"photo_url": "https://example.com/bob.png", "phone_number": "+15550100"},
                }),
            ]
        );
        // Without the parameters of the project, only those who have no hash.
        let found = users_with(Format::Firebase, text, Options::default());
        assert!(found[0]["reason"].as_str().unwrap().contains("parameters"));
        assert_eq!(found[1]["email"], "bob@example.com");
    }
    let mut options = firebase_options();
    options.firebase.as_mut().unwrap().signer_key = "no$key".into();
    assert!(matches!(
        read(Format::Firebase, json.as_bytes(), options),
        Err(ReadError::Option(_))
    ));
}
