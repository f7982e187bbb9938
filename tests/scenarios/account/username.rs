use gatewright_tests::host::{Host, PASSWORD};
use serde_json::json;

/// A user can sign in with the user name as with the address, in any letter case, and it is unique.
#[tokio::test]
async fn a_user_name_signs_in() {
    let host = Host::start(&[]);
    let register = |email: &str, username: &str| {
        let body = json!({"email": email, "password": PASSWORD, "username": username});
        host.post("/auth/register", body)
    };
    assert_eq!(register("ada@example.com", "Ada.L").await.status, 201);
    register("bob@example.com", "ada.l")
        .await
        .assert_error(409, "username_taken");
    for name in ["ada.l", "ADA.L", "ada@example.com"] {
        let answer = host
            .post(
                "/auth/login",
                json!({"username": name, "password": PASSWORD}),
            )
            .await;
        assert_eq!(answer.status, 200, "{name}");
    }
    let refused = register("carl@example.com", "not@a.name").await;
    refused.assert_error(422, "validation_failed");
    assert_eq!(refused.broken_rules(), ["username invalid_format"]);
}
