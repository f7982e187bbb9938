use gatewright_tests::host::{Host, PASSWORD};
use serde_json::json;

/// V6.3.8: where addresses have to be verified, a taken user name gets one answer, whether the address is taken or free.
#[tokio::test]
async fn a_taken_user_name_says_nothing_of_the_address() {
    let host = Host::start(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    let register = |email: &str, username: &str| {
        let body = json!({"email": email, "password": PASSWORD, "username": username});
        host.post("/auth/register", body)
    };
    assert_eq!(register("ada@example.com", "ada").await.status, 201);
    let free = register("free@example.com", "ADA").await;
    free.assert_error(409, "username_taken");
    for email in ["ada@example.com", "Ada@Example.com"] {
        let taken = register(email, "ADA").await;
        taken.assert_error(409, "username_taken");
        assert_eq!(taken.body["error"], free.body["error"]);
    }
    // The address stayed free, and a taken one with a free name still looks as if it were.
    assert_eq!(register("free@example.com", "bob").await.status, 201);
    assert_eq!(register("ada@example.com", "carl").await.status, 201);
}
