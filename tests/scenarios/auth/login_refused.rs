use gatewright_tests::host::{Host, PASSWORD};
use serde_json::json;

/// V6.3.8: a wrong password and an unknown account get the same response.
#[tokio::test]
async fn wrong_password_and_unknown_account_answer_alike() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    let mut answers = Vec::new();
    for (name, password) in [
        ("ada@example.com", "not the right password"),
        ("nobody@example.com", "not the right password"),
        ("nobody", "not the right password"),
        ("not an address@", "x"),
        ("", "x"),
    ] {
        let answer = host
            .post(
                "/auth/login",
                json!({"username": name, "password": password}),
            )
            .await;
        answer.assert_error(401, "invalid_credentials");
        let mut headers = answer.headers.clone();
        for varying in ["date", "x-request-id"] {
            headers.remove(varying);
        }
        answers.push((answer.text, headers));
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
    let over_long = json!({"email": "ada@example.com", "password": "x".repeat(10_000)});
    host.post("/auth/login", over_long)
        .await
        .assert_error(401, "invalid_credentials");
    let exact = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(host.post("/auth/login", exact).await.status, 200);
}
