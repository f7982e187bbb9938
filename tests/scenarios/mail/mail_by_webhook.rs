use gatewright_tests::MailService;

/// An e-mail service that doesn't respond delays nobody, and receives the mail when it responds again.
#[tokio::test]
async fn a_slow_email_service_holds_nobody_up_and_is_tried_again() {
    let mail = MailService::start();
    let host = mail.host(&[("REFRESH_TOKEN_GRACE_SECONDS", "0"), ("LOG_LEVEL", "debug")]);
    let session = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    mail.be_silent(true);
    host.use_twice(&session).await;
    host.wait_for_log("a mail could not be sent yet");
    mail.be_silent(false);
    let posted = mail.next();
    let head = posted.head.to_lowercase();
    assert!(head.starts_with("post /mail http/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: bearer k-1\r\n"), "{head}");
    assert_eq!(posted.message["to"], "ada@example.com");
    assert_eq!(posted.message["from"], "Gatewright <auth@example.com>");
    assert_eq!(posted.message["kind"], "refresh_token_reuse");
}
