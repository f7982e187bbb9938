//! better-auth.

use gatewright_transfer::Format;
use serde_json::json;

use super::{fixture, users, verifies};

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
        assert_eq!(
            users[2]["identities"],
            json!([{"provider": "google", "issuer": "https://accounts.google.com", "subject": "117"}]),
        );
        assert_eq!(users[0].get("identities"), None);
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
            // The ban is over.
            json!({
                "email": "a@example.com", "email_verified": true, "display_name": "Ada", "password_hash": "00:11",
                "created_at": "2024-01-15T10:30:00Z", "profile": {"plan": "pro"},
            }),
            json!({
                "email": "b@example.com", "email_verified": false, "display_name": "Bob", "disabled": true,
                "created_at": "2024-01-15T10:30:00Z",
                "identities": [{"provider": "github", "issuer": "https://github.com", "subject": "117"}],
            }),
        ]
    );
}
