use gatewright_tests::MailService;
use gatewright_tests::host::PASSWORD;
use reqwest::Method;
use serde_json::json;

/// A stranger who registers another person's address can't put any text into the mails to that person, nor can a
/// program with its name.
#[tokio::test]
async fn a_stranger_writes_nothing_into_the_mail_of_others() {
    const WRITTEN: &str = "evil.example";
    let mail = MailService::start();
    let host = mail.host(&[]);
    let send = |path: &str, body| {
        host.request(Method::POST, path)
            .header("user-agent", format!("{WRITTEN}/1.0"))
            .json(&body)
            .send()
    };
    let holds_it = |kind: &str| {
        let message = mail.next().message;
        assert_eq!(message["kind"], kind, "{message}");
        ["subject", "text", "html"]
            .iter()
            .any(|part| message[part].to_string().contains(WRITTEN))
    };
    let email = "ada@example.com";
    let name = format!("You have won: {WRITTEN}");
    let body = json!({"email": email, "password": PASSWORD, "display_name": name});
    assert_eq!(send("/auth/register", body).await.unwrap().status(), 201);
    assert!(!holds_it("verify_email"));
    let forgotten = json!({"email": email});
    send("/auth/forgot-password", forgotten.clone())
        .await
        .unwrap();
    let token = mail.link("reset_password", email);
    send("/auth/forgot-password", forgotten.clone())
        .await
        .unwrap();
    assert!(!holds_it("reset_password"));
    let path = format!("/auth/reset-password/{token}");
    let reset = send(&path, json!({"password": "a new and better password"}));
    assert_eq!(reset.await.unwrap().status(), 204);
    assert!(!holds_it("password_changed"));
    // From here on the address is verified, and its owner can set the name.
    send("/auth/forgot-password", forgotten).await.unwrap();
    assert!(holds_it("reset_password"));
}
