//! E-mail addresses in all scripts.

use gatewright_tests::MailService;
use gatewright_tests::host::{PASSWORD, SETUP};
use serde_json::json;

/// Every spelling of a domain is the same account, and mail is sent to the form that every mail server accepts.
/// Browsers convert a typed address to the second form.
#[tokio::test]
async fn an_address_is_one_in_every_spelling_of_its_domain() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    host.register("somename@münchen.de").await;
    mail.link("verify_email", "somename@xn--mnchen-3ya.de");
    for email in ["SomeName@xn--mnchen-3ya.de", "somename@mu\u{308}nchen.de"] {
        host.login(email).await;
        let body = json!({"email": email, "password": PASSWORD});
        host.post("/auth/register", body)
            .await
            .assert_error(409, "email_taken");
    }
    let session = host.register("संपर्क@डाटामेल.भारत").await;
    mail.link("verify_email", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c");
    let me = host.get_as("/auth/me", &session.access_token).await;
    assert_eq!(me.body["email"], "संपर्क@डाटामेल.भारत");
    // Administrators find it by the beginning of either spelling.
    for search in ["somename@m%C3%BCn", "somename@xn--mn"] {
        let found = host
            .get_as(&format!("/users?search={search}"), root.token())
            .await;
        assert_eq!(found.body["users"].as_array().unwrap().len(), 1, "{search}");
    }
    for wrong in ["a@xn--a.com", "a\u{202e}b@example.com", "a@exa_mple.com"] {
        let body = json!({"email": wrong, "password": PASSWORD});
        let answer = host.post("/auth/register", body).await;
        assert_eq!(answer.broken_rules(), ["email invalid_format"], "{wrong}");
    }
}
