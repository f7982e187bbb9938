use gatewright_tests::MailService;
use gatewright_tests::host::{Host, PASSWORD, Tokens};
use serde_json::json;

const NEW: &str = "a new and better password";

/// V6.4.3: the link sets one password, once, and ends all sessions.
#[tokio::test]
async fn a_forgotten_password_is_reset_by_the_link_once() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let session = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    assert_eq!(
        host.post("/auth/forgot-password", json!({"email": "ada@example.com"}))
            .await
            .status,
        202
    );
    let token = mail.link("reset_password", "ada@example.com");
    let path = format!("/auth/reset-password/{token}");
    // A password that breaks the rules doesn't use up the link.
    let short = host.post(&path, json!({"password": "short"})).await;
    assert_eq!(short.broken_rules(), ["password too_short"]);
    assert_eq!(host.post(&path, json!({"password": NEW})).await.status, 204);
    let notice = mail.next();
    assert_eq!(notice.message["kind"], "password_changed");
    host.post(&path, json!({"password": NEW}))
        .await
        .assert_error(400, "link_used");
    host.get_as("/auth/me", &session.access_token)
        .await
        .assert_error(401, "session_ended");
    host.refresh(&session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    let login = |password: &str| {
        host.post(
            "/auth/login",
            json!({"email": "ada@example.com", "password": password}),
        )
    };
    login(PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    login(NEW).await.assert_ok();
}

/// Two concurrent requests with one link: exactly one sets its password.
#[tokio::test]
async fn of_many_who_use_a_link_at_once_one_wins() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    host.post("/auth/forgot-password", json!({"email": "ada@example.com"}))
        .await;
    let path = format!(
        "/auth/reset-password/{}",
        mail.link("reset_password", "ada@example.com")
    );
    let passwords: Vec<_> = (0..8)
        .map(|n| format!("a good password number {n}"))
        .collect();
    let answers = passwords
        .iter()
        .map(|password| host.post(&path, json!({"password": password})));
    let answers = futures::future::join_all(answers).await;
    let winners: Vec<_> = (0..8).filter(|at| answers[*at].status == 204).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 204) {
        // A request that read the account before the link was used finds a changed password.
        let code = answer.body["error"]["code"].as_str().unwrap();
        assert_eq!(answer.status, 400);
        assert!(["link_used", "link_invalid"].contains(&code), "{answer:?}");
    }
    for (at, password) in passwords.iter().enumerate() {
        let login = json!({"email": "ada@example.com", "password": password});
        let status = host.post("/auth/login", login).await.status;
        assert_eq!(status == 200, at == winners[0]);
    }
}

/// V6.2.2, V6.2.3: a password change requires the current password; the user continues with new tokens, and the other
/// sessions end.
#[tokio::test]
async fn a_password_is_changed_with_the_current_one() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let here = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    let elsewhere = host.login("ada@example.com").await;
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        host.send_as("POST", "/account/change-password", &here.access_token, body)
    };
    change("not the right password", NEW)
        .await
        .assert_error(403, "wrong_password");
    assert_eq!(
        change(PASSWORD, "short").await.broken_rules(),
        ["new_password too_short"]
    );
    assert_eq!(
        change(PASSWORD, "ada@example.com").await.broken_rules(),
        ["new_password context_word"]
    );
    change("", NEW).await.assert_error(422, "validation_failed");
    let changed = change(PASSWORD, NEW).await;
    changed.assert_ok();
    assert_eq!(mail.next().message["kind"], "password_changed");
    let here = Tokens::of(&changed.body);
    host.get_as("/auth/me", &here.access_token)
        .await
        .assert_ok();
    host.refresh(&here.refresh_token).await.assert_ok();
    host.get_as("/auth/me", &elsewhere.access_token)
        .await
        .assert_error(401, "session_ended");
    let login = host
        .post(
            "/auth/login",
            json!({"email": "ada@example.com", "password": NEW}),
        )
        .await;
    Tokens::of(&login.body);
    let anonymous = json!({"current_password": NEW, "new_password": PASSWORD});
    host.post("/account/change-password", anonymous)
        .await
        .assert_error(401, "unauthenticated");
}

/// V6.3.1: guessing the current password with a stolen session is limited like a login.
#[tokio::test]
async fn guessing_the_current_password_is_limited() {
    let host = Host::start(&[("LOGIN_ATTEMPTS_PER_ACCOUNT", "3")]);
    let session = host.register("ada@example.com").await;
    let guess = || {
        let body = json!({"current_password": "not the right one", "new_password": NEW});
        host.send_as(
            "POST",
            "/account/change-password",
            &session.access_token,
            body,
        )
    };
    for _ in 0..3 {
        guess().await.assert_error(403, "wrong_password");
    }
    guess().await.assert_error(429, "rate_limited");
}

/// A link that was sent before a password change is invalid.
#[tokio::test]
async fn a_changed_password_voids_the_link_to_a_new_one() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let session = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    let forgot = json!({"email": "ada@example.com"});
    host.post("/auth/forgot-password", forgot).await;
    let token = mail.link("reset_password", "ada@example.com");
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let changed = host.send_as(
        "POST",
        "/account/change-password",
        &session.access_token,
        change,
    );
    changed.await.assert_ok();
    let path = format!("/auth/reset-password/{token}");
    let other = json!({"password": "yet another good password"});
    host.post(&path, other)
        .await
        .assert_error(400, "link_invalid");
}
