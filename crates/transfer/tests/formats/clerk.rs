//! Clerk.

use gatewright_transfer::Format;
use serde_json::json;

use super::{BCRYPT, SIGNER_KEY, users, verifies};

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
    assert_eq!(
        refused["reason"],
        "password hashes of `md5` can't be verified"
    );
}
