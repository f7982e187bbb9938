//! Firebase Authentication.

use gatewright_transfer::{FirebaseHash, Format, Options, ReadError, read};
use serde_json::json;

use super::{SIGNER_KEY, users_with, verifies};

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
                    "identities": [{
                        "provider": "google", "issuer": "https://accounts.google.com", "subject": "117",
                        "email": "bob@example.com",
                    }],
                }),
            ]
        );
        // Without the parameters of the project, only users without a hash.
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
