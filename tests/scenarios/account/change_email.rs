use gatewright_tests::host::{PASSWORD, SETUP, Tokens};
use gatewright_tests::{MailService, link_of};
use serde_json::json;

use crate::auth::second_factor::{ada, enrol};

/// V6.3.7, V7.5.1: the new address must be verified; the old one is notified and can revert the change.
#[tokio::test]
async fn an_address_is_changed_from_the_new_one_and_taken_back_from_the_old_one() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let session = host.register("ada@example.com").await;
    let verify = mail.link("verify_email", "ada@example.com");
    host.get_as(&format!("/auth/verify/{verify}"), &session.access_token)
        .await
        .assert_ok();
    let change = |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        host.send_as("POST", "/account/change-email", &session.access_token, body)
    };
    change("new@example.com", "not the right one")
        .await
        .assert_error(403, "wrong_password");
    change("no address", PASSWORD)
        .await
        .assert_error(422, "validation_failed");
    assert_eq!(change("new@example.com", PASSWORD).await.status, 202);
    let confirm = mail.link("change_email", "new@example.com");
    let me = host.get_as("/auth/me", &session.access_token).await;
    assert_eq!(me.body["email"], "ada@example.com");

    let path = format!("/auth/confirm-email/{confirm}");
    // The recipient of the mail may be a stranger whose address somebody entered in another account.
    host.post(&path, json!({}))
        .await
        .assert_error(403, "password_required");
    let proof = json!({"password": PASSWORD});
    let confirmed = host.post(&path, proof.clone()).await;
    confirmed.assert_ok();
    assert_eq!(confirmed.body["email"], "new@example.com");
    host.post(&path, proof).await.assert_error(400, "link_used");
    let undo = mail.link("email_changed", "ada@example.com");
    host.login("new@example.com").await;
    let old = json!({"email": "ada@example.com", "password": PASSWORD});
    host.post("/auth/login", old.clone())
        .await
        .assert_error(401, "invalid_credentials");

    // A registration uses the old address now.
    host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    let undone = host
        .post(&format!("/auth/undo-email/{undo}"), json!({}))
        .await;
    undone.assert_ok();
    assert_eq!(undone.body["email"], "ada@example.com");
    host.get_as("/auth/me", &session.access_token)
        .await
        .assert_error(401, "session_ended");
    // The change of address required the password, so the old password no longer works.
    host.post("/auth/login", old)
        .await
        .assert_error(401, "invalid_credentials");
    let reset = mail.link("reset_password", "ada@example.com");
    let new = json!({"password": "a password that nobody knows"});
    assert_eq!(
        host.post(&format!("/auth/reset-password/{reset}"), new)
            .await
            .status,
        204
    );
}

/// An address of another account can't be used, and the response doesn't reveal that it is taken.
#[tokio::test]
async fn anothers_address_is_not_given_away() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let ada = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    host.register("bob@example.com").await;
    mail.link("verify_email", "bob@example.com");
    let change = |email: &str| {
        let body = json!({"email": email, "password": PASSWORD});
        host.send_as("POST", "/account/change-email", &ada.access_token, body)
    };
    let taken = change("bob@example.com").await;
    assert_eq!((taken.status.as_u16(), taken.text.as_str()), (202, ""));
    assert_eq!(mail.next().message["kind"], "account_exists");
    // Another user is faster.
    assert_eq!(change("carol@example.com").await.status, 202);
    let confirm = mail.link("change_email", "carol@example.com");
    host.register("carol@example.com").await;
    mail.link("verify_email", "carol@example.com");
    let late = host
        .post(
            &format!("/auth/confirm-email/{confirm}"),
            json!({"password": PASSWORD}),
        )
        .await;
    late.assert_error(409, "email_taken");
    let me = host.get_as("/auth/me", &ada.access_token).await;
    assert_eq!(me.body["email"], "ada@example.com");
}

/// A second change of the address can't prevent reverting the first one.
#[tokio::test]
async fn the_oldest_address_has_the_last_word() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let session = host.register("ada@example.com").await;
    let verify = mail.link("verify_email", "ada@example.com");
    host.get_as(&format!("/auth/verify/{verify}"), &session.access_token)
        .await
        .assert_ok();
    let mut undo = Vec::new();
    for (from, to) in [
        ("ada@example.com", "eve@example.com"),
        ("eve@example.com", "mallory@example.com"),
    ] {
        let body = json!({"email": to, "password": PASSWORD});
        host.send_as("POST", "/account/change-email", &session.access_token, body)
            .await;
        let confirm = mail.link("change_email", to);
        host.post(
            &format!("/auth/confirm-email/{confirm}"),
            json!({"password": PASSWORD}),
        )
        .await
        .assert_ok();
        undo.push(mail.link("email_changed", from));
    }
    let take_back = async |token: &str| {
        let path = format!("/auth/undo-email/{token}");
        host.post(&path, json!({})).await
    };
    let undone = take_back(&undo[0]).await;
    assert_eq!(undone.body["email"], "ada@example.com");
    take_back(&undo[1]).await.assert_error(400, "link_invalid");
}

/// An account that is older than the change did not register the address: an administrator has given it.
#[tokio::test]
async fn an_undo_deletes_no_account_that_was_there_before() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    host.send_as("POST", "/account/change-email", ada.token(), body)
        .await;
    let confirm = mail.link("change_email", "ada@example.org");
    host.post_as(&format!("/auth/confirm-email/{confirm}"), ada.token())
        .await
        .assert_ok();
    let undo = mail.link("email_changed", &ada.email);
    let given = json!({"email": &ada.email});
    host.send_as("PATCH", &ben.path(), root.token(), given)
        .await
        .assert_ok();
    let path = format!("/auth/undo-email/{undo}");
    host.post(&path, json!({}))
        .await
        .assert_error(409, "email_taken");
    assert_eq!(host.record(&root, &ben.id).await["email"], ada.email);
    // The link still works when the address is free.
    let other = json!({"email": "ben@example.org"});
    host.send_as("PATCH", &ben.path(), root.token(), other)
        .await
        .assert_ok();
    let undone = host.post(&path, json!({})).await;
    undone.assert_ok();
    assert_eq!(undone.body["email"], ada.email);
}

/// Undoing a change of address also removes a factor that was added after it, or less than 24 hours before it. A formerly
/// verified address is notified, whatever an administrator has set since.
#[tokio::test]
async fn a_new_factor_goes_with_the_change() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    for (name, enrols_first) in [("ada", true), ("ben", false)] {
        let person = host.person(&root, name, &["user"]).await;
        let (old, new) = (person.email.as_str(), format!("{name}@example.org"));
        let mut session = person.session.clone();
        if enrols_first {
            session = enrol(&host, session).await.session;
            mail.link("mfa_enabled", old);
        }
        let body = json!({"email_verified": false});
        host.send_as("PATCH", &person.path(), root.token(), body)
            .await
            .assert_ok();
        let body = json!({"email": new, "password": PASSWORD});
        let token = &session.access_token;
        host.send_as("POST", "/account/change-email", token, body)
            .await;
        let confirm = mail.link("change_email", &new);
        host.post_as(&format!("/auth/confirm-email/{confirm}"), token)
            .await
            .assert_ok();
        let undo = mail.link("email_changed", old);
        if !enrols_first {
            enrol(&host, session).await;
            mail.link("mfa_enabled", &new);
        }
        host.post(&format!("/auth/undo-email/{undo}"), json!({}))
            .await
            .assert_ok();
        let told = mail.next_two();
        assert_eq!(
            told.each_ref()
                .map(|message| (&message["kind"], &message["to"])),
            [
                (&json!("mfa_disabled"), &json!(old)),
                (&json!("reset_password"), &json!(old))
            ]
        );
        let record = host.record(&root, &person.id).await;
        assert_eq!(record["mfa_enabled"], false, "{name}");
    }
}

/// A factor that could no longer be undone when the address was changed is the owner's, and stays.
#[tokio::test]
async fn an_established_factor_outlives_an_undone_change() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let ada = ada(&host).await;
    let ada = enrol(&host, ada).await;
    mail.link("mfa_enabled", "ada@example.com");
    let host = host.restart_later(86_401);
    let renewed = host.refresh(&ada.session.refresh_token).await;
    let token = Tokens::of(&renewed.body).access_token;
    let code = &ada.recovery_codes[0];
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "code": code});
    host.send_as("POST", "/account/change-email", &token, body)
        .await;
    let [change, used] = mail.next_two();
    assert_eq!(used["kind"], "recovery_code_used");
    let path = format!("/auth/confirm-email/{}", link_of(&change));
    host.post_as(&path, &token).await.assert_ok();
    let undo = mail.link("email_changed", "ada@example.com");
    host.post(&format!("/auth/undo-email/{undo}"), json!({}))
        .await
        .assert_ok();
    let reset = mail.link("reset_password", "ada@example.com");
    let path = format!("/auth/reset-password/{reset}");
    host.post(&path, json!({"password": PASSWORD})).await;
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let login = host.post("/auth/login", login).await;
    assert_eq!(login.body["mfa_required"], true, "{login:?}");
}
