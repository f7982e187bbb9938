use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;
use serde_json::json;

/// The link of the registration works once, with the session or the password of the account.
#[tokio::test]
async fn an_address_is_verified_by_the_link_once() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let session = host.register("ada@example.com").await;
    let token = mail.link("verify_email", "ada@example.com");
    let me = host.get_as("/auth/me", &session.access_token).await;
    assert_eq!(me.body["email_verified"], false);
    assert_eq!(me.body["roles"], json!(["user"]));

    let path = format!("/auth/verify/{token}");
    let alone = host.get(&path).await;
    alone.assert_error(403, "password_required");
    let wrong = host.post(&path, json!({"password": "not the right password"}));
    wrong.await.assert_error(403, "wrong_password");
    // A HEAD request must not change anything.
    let head = host.call_as("HEAD", &path, &session.access_token).await;
    assert_eq!(head.status, 405);
    assert_eq!(head.header("allow"), "POST, GET, OPTIONS");
    let verified = host.get_as(&path, &session.access_token).await;
    verified.assert_ok();
    assert_eq!(verified.body["email_verified"], true);
    let me = host.get_as("/auth/me", &session.access_token).await;
    assert_eq!(me.body["roles"], json!(["user", "verified"]));
    host.get_as(&path, &session.access_token)
        .await
        .assert_error(400, "link_used");
}

/// V6.3.4: with the setting, nobody can sign in before verification, in any way. The response is that of a wrong
/// password, because a stranger may have registered the address to find out whether it was taken; its owner gets the
/// link again.
#[tokio::test]
async fn where_it_is_needed_nobody_signs_in_before() {
    let mail = MailService::start();
    let host = mail.host(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    let registered = host.post("/auth/register", ada.clone()).await;
    assert_eq!(registered.status, 201);
    assert_eq!(registered.body.get("tokens"), None);
    let first = mail.link("verify_email", "ada@example.com");

    let login = |password: &str| json!({"email": "ada@example.com", "password": password});
    let refused = host.post("/auth/login", login(PASSWORD)).await;
    refused.assert_error(401, "invalid_credentials");
    mail.link("verify_email", "ada@example.com");
    let wrong = host.post("/auth/login", login("not the right password"));
    assert_eq!(wrong.await.body, refused.body);
    let form = [
        ("grant_type", "password"),
        ("username", "ada@example.com"),
        ("password", PASSWORD),
    ];
    let token = Answer::of(host.request(Method::POST, "/auth/token").form(&form)).await;
    assert_eq!(token.body["error"], "invalid_grant");
    mail.link("verify_email", "ada@example.com");

    // A new link replaces the earlier ones.
    let resend = json!({"email": "Ada@example.com"});
    assert_eq!(host.post("/auth/verify/resend", resend).await.status, 202);
    let second = mail.link("verify_email", "ada@example.com");
    let verify = async |token: &str| {
        let path = format!("/auth/verify/{token}");
        host.post(&path, json!({"password": PASSWORD})).await
    };
    verify(&first).await.assert_error(400, "link_invalid");
    verify(&second).await.assert_ok();
    host.login("ada@example.com").await;
}

/// V6.3.8: registration and requests for links have the same response for all addresses; the owner gets a mail.
#[tokio::test]
async fn nobody_learns_which_addresses_have_accounts() {
    let mail = MailService::start();
    let host = mail.host(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "display_name": "Ada"});
    let first = host.post("/auth/register", body.clone()).await;
    mail.link("verify_email", "ada@example.com");
    let second = host.post("/auth/register", body).await;
    let told = mail.next();
    assert_eq!(told.message["kind"], "account_exists");
    assert_eq!(told.message["to"], "ada@example.com");
    assert_eq!((first.status, second.status), (second.status, first.status));
    let without = |answer: &Answer| {
        let mut body = answer.body.clone();
        for varying in ["id", "created_at"] {
            assert!(body[varying].is_string());
            body[varying] = json!(null);
        }
        body
    };
    assert_eq!(without(&first), without(&second));

    for path in ["/auth/verify/resend", "/auth/forgot-password"] {
        let known = host.post(path, json!({"email": "ada@example.com"})).await;
        mail.next();
        let unknown = host
            .post(path, json!({"email": "nobody@example.com"}))
            .await;
        assert_eq!(known.status, 202);
        assert_eq!((known.status, known.text), (unknown.status, unknown.text));
        let wrong = host.post(path, json!({"email": "no address"})).await;
        wrong.assert_error(422, "validation_failed");
    }
}

/// A stranger registers another person's address and waits: the owner's click alone doesn't verify it, and the owner's
/// own way to verify it locks the stranger out.
#[tokio::test]
async fn who_registers_with_anothers_address_is_out_once_its_owner_comes() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let stranger = host.register("ada@example.com").await;
    let link = mail.link("verify_email", "ada@example.com");
    // The owner clicks the link, in a mailbox that shows the page in a browser.
    let redirected = host
        .request(Method::GET, &format!("/auth/verify/{link}"))
        .header("accept", "text/html");
    let redirected = Answer::of(redirected).await;
    assert_eq!(redirected.status, 303);
    let page = format!("/verify?token={link}");
    assert!(redirected.header("location").ends_with(&page));
    assert!(host.get(&page).await.text.contains("Enter the password"));
    let me = host.get_as("/auth/me", &stranger.access_token).await;
    assert_eq!(me.body["email_verified"], false);

    host.post("/auth/forgot-password", json!({"email": "ada@example.com"}))
        .await;
    let reset = mail.link("reset_password", "ada@example.com");
    let path = format!("/auth/reset-password/{reset}");
    let new = "a password of the owner";
    assert_eq!(host.post(&path, json!({"password": new})).await.status, 204);
    host.get_as("/auth/me", &stranger.access_token)
        .await
        .assert_error(401, "session_ended");
    host.refresh(&stranger.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    let old = json!({"email": "ada@example.com", "password": PASSWORD});
    host.post("/auth/login", old)
        .await
        .assert_error(401, "invalid_credentials");
    let login = host
        .post(
            "/auth/login",
            json!({"email": "ada@example.com", "password": new}),
        )
        .await;
    let me = host
        .get_as("/auth/me", &Tokens::of(&login.body).access_token)
        .await;
    assert_eq!(me.body["email_verified"], true);
    // The stranger can't use the first link either, because the session has ended.
    let again = host
        .get_as(&format!("/auth/verify/{link}"), &stranger.access_token)
        .await;
    again.assert_error(403, "password_required");
}

/// When the owner takes over an account that a stranger registered, the stranger's pending change of the address is
/// cancelled. The stranger can't add a second factor.
#[tokio::test]
async fn what_a_stranger_prepared_is_gone_with_him() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let stranger = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    host.post_as("/auth/2fa/enable", &stranger.access_token)
        .await
        .assert_error(403, "email_not_verified");
    let away = json!({"email": "stranger@example.com", "password": PASSWORD});
    let asked = host.send_as(
        "POST",
        "/account/change-email",
        &stranger.access_token,
        away,
    );
    assert_eq!(asked.await.status, 202);
    let confirm = mail.link("change_email", "stranger@example.com");

    let owner = json!({"email": "ada@example.com"});
    host.post("/auth/forgot-password", owner).await;
    let reset = mail.link("reset_password", "ada@example.com");
    let new = "a password of the owner";
    let path = format!("/auth/reset-password/{reset}");
    assert_eq!(host.post(&path, json!({"password": new})).await.status, 204);
    let login = json!({"email": "ada@example.com", "password": new});
    Tokens::of(&host.post("/auth/login", login).await.body);
    host.post(
        &format!("/auth/confirm-email/{confirm}"),
        json!({"password": new}),
    )
    .await
    .assert_error(400, "link_invalid");
}

/// Malformed links and links for another purpose get the same response; an expired link of the right purpose may be
/// reported as expired.
#[tokio::test]
async fn links_that_are_not_good() {
    let mail = MailService::start();
    let host = mail.host(&[("VERIFY_TOKEN_TTL", "300"), ("RESET_TOKEN_TTL", "300")]);
    let session = host.register("ada@example.com").await;
    let verify = mail.link("verify_email", "ada@example.com");
    let unknown = "A".repeat(43);
    for token in [unknown.as_str(), "nonsense", "%00", &session.refresh_token] {
        let answer = host
            .post(
                &format!("/auth/verify/{token}"),
                json!({"password": PASSWORD}),
            )
            .await;
        answer.assert_error(400, "link_invalid");
    }
    let reset = format!("/auth/reset-password/{verify}");
    host.post(&reset, json!({"password": "another good password"}))
        .await
        .assert_error(400, "link_invalid");
    let host = host.restart_later(301);
    host.post(
        &format!("/auth/verify/{verify}"),
        json!({"password": PASSWORD}),
    )
    .await
    .assert_error(400, "link_expired");
}

/// Repeated requests for mail are limited, for every spelling of the address.
#[tokio::test]
async fn mail_to_one_address_is_limited() {
    let host = Host::start(&[("MAILS_PER_ADDRESS", "2")]);
    for _ in 0..2 {
        let answer = host
            .post("/auth/forgot-password", json!({"email": "ada@example.com"}))
            .await;
        assert_eq!(answer.status, 202);
    }
    let limited = host
        .post("/auth/forgot-password", json!({"email": "ADA@example.com"}))
        .await;
    limited.assert_error(429, "rate_limited");
    assert!(!limited.header("retry-after").is_empty());
}
