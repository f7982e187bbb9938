use gatewright_tests::host::{Host, PASSWORD};
use serde_json::json;

/// An address in any letter case belongs to one account.
#[tokio::test]
async fn an_address_registers_once_in_any_letter_case() {
    let host = Host::start(&[]);
    host.register("Jörg@example.com").await;
    for email in [
        "Jörg@example.com",
        "JÖRG@EXAMPLE.COM",
        " jörg@Example.Com ",
        "jo\u{308}rg@example.com",
    ] {
        let answer = host
            .post(
                "/auth/register",
                json!({"email": email, "password": PASSWORD}),
            )
            .await;
        answer.assert_error(409, "email_taken");
    }
    host.login("JÖRG@example.com").await;
}

/// Two concurrent requests create one account.
#[tokio::test]
async fn concurrent_registrations_make_one_account() {
    let host = Host::start(&[]);
    let calls = (0..8).map(|_| {
        host.post(
            "/auth/register",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    answers
        .iter()
        .filter(|answer| answer.status != 201)
        .for_each(|answer| answer.assert_error(409, "email_taken"));
}
