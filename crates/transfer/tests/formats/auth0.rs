//! Auth0.

use gatewright_transfer::Format;
use serde_json::json;

use super::users;

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
        json!({
            "email": "bob@example.com", "email_verified": true,
            "identities": [{"provider": "google", "issuer": "https://accounts.google.com", "subject": "117"}],
        }),
    ];
    assert_eq!(users(Format::Auth0, text), expected);
    let list = format!("[\n{}]", text.trim().replace('\n', ",\n"));
    assert_eq!(users(Format::Auth0, &list), expected);
}
