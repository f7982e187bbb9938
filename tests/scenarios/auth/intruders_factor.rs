//! Factors that an intruder may have added, and mailboxes that are not enough.

use gatewright_tests::host::{Host, PASSWORD, Person, SETUP, Tokens};
use gatewright_tests::{MailService, link_of};
use serde_json::json;

use crate::auth::second_factor::{code_at, code_now, enrol, step};

async fn verify_by_administrator(host: &Host, root: &Person, path: &str, verified: bool) {
    let body = json!({"email_verified": verified});
    host.send_as("PATCH", path, root.token(), body)
        .await
        .assert_ok();
}

/// A second factor requires a verified address, and an administrator can't undo a verification.
#[tokio::test]
async fn a_factor_takes_an_address_that_was_proved() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let session = host.register("ada@example.com").await;
    let verify = mail.link("verify_email", "ada@example.com");
    let token = &session.access_token;
    let enable = || host.post_as("/auth/2fa/enable", token);
    enable().await.assert_error(403, "email_not_verified");
    host.get_as(&format!("/auth/verify/{verify}"), token)
        .await
        .assert_ok();
    enable().await.assert_ok();
    let me = host.get_as("/auth/me", token).await;
    let path = format!("/users/{}", me.body["id"].as_str().unwrap());
    verify_by_administrator(&host, &root, &path, false).await;
    let enabled = enable().await;
    enabled.assert_ok();
    // Another address is not verified, and with it no key can be confirmed.
    let moved = json!({"email": "ada@example.org"});
    host.send_as("PATCH", &path, root.token(), moved)
        .await
        .assert_ok();
    enable().await.assert_error(403, "email_not_verified");
    let secret = enabled.body["secret"].as_str().unwrap();
    let code = json!({"code": code_now(secret)});
    host.send_as("POST", "/auth/2fa/verify", token, code)
        .await
        .assert_error(403, "email_not_verified");

    // A user without an address needs none.
    let ben = json!({"username": "ben", "password": PASSWORD});
    let made = host.send_as("POST", "/users", root.token(), ben.clone());
    assert_eq!(made.await.status, 201);
    let signed_in = host.post("/auth/login", ben).await;
    enrol(&host, Tokens::of(&signed_in.body)).await;
}

/// V6.4.3: access to the mailbox alone removes no factor, whatever an administrator sets for the address.
#[tokio::test]
async fn no_mailbox_takes_a_factor_away() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    enrol(&host, ada.session.clone()).await;
    assert_eq!(mail.next().message["kind"], "mfa_enabled");
    let moved = json!({"email": "eve@example.com"});
    host.send_as("PATCH", &ada.path(), root.token(), moved)
        .await
        .assert_ok();
    assert_eq!(mail.next().message["kind"], "email_changed");
    for verified in [true, false] {
        verify_by_administrator(&host, &root, &ada.path(), verified).await;
        host.post("/auth/forgot-password", json!({"email": "eve@example.com"}))
            .await;
        let reset = mail.link("reset_password", "eve@example.com");
        let path = format!("/auth/reset-password/{reset}");
        let new = format!("a new and better password, {verified}");
        assert_eq!(host.post(&path, json!({"password": new})).await.status, 204);
        assert_eq!(mail.next().message["kind"], "password_changed");
        let login = json!({"email": "eve@example.com", "password": new});
        let login = host.post("/auth/login", login).await;
        assert_eq!(login.body["mfa_required"], true, "{login:?}");
    }
}

/// V6.3.7, V6.5.6, V7.4.3: the mail about a new factor can remove it, together with all access of the user who added
/// it.
#[tokio::test]
async fn a_new_factor_is_taken_back_by_the_mail_about_it() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let person = host.person(&root, "ada", &["user"]).await;
    let ada = enrol(&host, person.session.clone()).await;
    let undo = async |host: &Host, token: &str| {
        let path = format!("/auth/undo-2fa/{token}");
        host.post(&path, json!({})).await
    };
    let first = mail.link("mfa_enabled", "ada@example.com");
    assert_eq!(undo(&host, &first).await.status, 204);
    let [disabled, reset] = mail.next_two();
    let kinds = [&disabled["kind"], &reset["kind"]];
    assert_eq!(kinds, ["mfa_disabled", "reset_password"]);
    let reset = link_of(&reset);
    host.get_as("/auth/me", &ada.session.access_token)
        .await
        .assert_error(401, "session_ended");
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    host.post("/auth/login", login.clone())
        .await
        .assert_error(401, "invalid_credentials");
    undo(&host, &first).await.assert_error(400, "link_used");
    let path = format!("/auth/reset-password/{reset}");
    let again = host.post(&path, json!({"password": PASSWORD})).await;
    assert_eq!(again.status, 204, "{again:?}");
    assert_eq!(mail.next().message["kind"], "password_changed");

    // The factor of the link was removed meanwhile, and there is another one.
    let ada = enrol(&host, host.login("ada@example.com").await).await;
    let second = mail.link("mfa_enabled", "ada@example.com");
    let both = json!({"password": PASSWORD, "code": ada.recovery_codes[0]});
    let disabled = host.send_as("POST", "/auth/2fa/disable", &ada.session.access_token, both);
    disabled.await.assert_ok();
    for _ in 0..2 {
        mail.next();
    }
    undo(&host, &second).await.assert_error(400, "link_invalid");
    let ada = enrol(&host, host.login("ada@example.com").await).await;
    let third = mail.link("mfa_enabled", "ada@example.com");
    undo(&host, &second).await.assert_error(400, "link_invalid");
    let host = host.restart_later(86_401);
    undo(&host, &third).await.assert_error(400, "link_expired");
    let login = host.post("/auth/login", login).await;
    assert_eq!(login.body["mfa_required"], true);

    // The owner proves an established factor to replace it, so that a mailbox alone does not remove the new one.
    let renewed = host.refresh(&ada.session.refresh_token).await;
    let token = Tokens::of(&renewed.body).access_token;
    let both = json!({"password": PASSWORD, "code": ada.recovery_codes[0]});
    let disabled = host
        .send_as("POST", "/auth/2fa/disable", &token, both)
        .await;
    let token = Tokens::of(&disabled.body).access_token;
    for _ in 0..2 {
        mail.next();
    }
    let enabled = host.post_as("/auth/2fa/enable", &token).await;
    let secret = enabled.body["secret"].as_str().unwrap();
    let code = json!({"code": code_at(secret, step() + 86_400 / 30)});
    let confirmed = host.send_as("POST", "/auth/2fa/verify", &token, code).await;
    confirmed.assert_ok();
    let told = mail.next().message;
    assert_eq!(told["kind"], "mfa_enabled");
    assert!(
        !told["text"].as_str().unwrap().contains("?token="),
        "{told}"
    );

    // A session of the password alone has proved no former factor.
    let token = Tokens::of(&confirmed.body["tokens"]).access_token;
    let code = &confirmed.body["recovery_codes"][0];
    let both = json!({"password": PASSWORD, "code": code});
    host.send_as("POST", "/auth/2fa/disable", &token, both)
        .await
        .assert_ok();
    for _ in 0..2 {
        mail.next();
    }
    let token = host.login("ada@example.com").await.access_token;
    let enabled = host.post_as("/auth/2fa/enable", &token).await;
    let secret = enabled.body["secret"].as_str().unwrap();
    let code = json!({"code": code_at(secret, step() + 86_400 / 30)});
    host.send_as("POST", "/auth/2fa/verify", &token, code)
        .await
        .assert_ok();
    mail.link("mfa_enabled", "ada@example.com");
}
