//! Supabase.

use gatewright_transfer::Format;
use serde_json::json;

use super::{SIGNER_KEY, fixture, users, verifies};

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
        // Anonymous: the server refuses users with neither address nor name.
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
    // Hashes that Supabase imported from Firebase.
    let text = format!(
        "id,encrypted_password\n\"x\",\"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={SIGNER_KEY}$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==\"\n"
    );
    assert!(verifies(
        &users(Format::Supabase, &text)[0],
        "user1password"
    ));
}
