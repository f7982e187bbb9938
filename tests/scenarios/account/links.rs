//! Links in mails, and what changes after they were requested.

use gatewright_tests::MailService;
use gatewright_tests::host::{Host, PASSWORD, SETUP};
use serde_json::json;

use crate::auth::second_factor::enrol;

/// A link works for the account as it was when the link was requested: with the same second factor and the same address.
#[tokio::test]
async fn a_link_is_for_the_account_of_then() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let person = host.person(&root, "ada", &["user"]).await;
    let ask = json!({"email": "new@example.com", "password": PASSWORD});
    host.send_as("POST", "/account/change-email", person.token(), ask)
        .await;
    let confirm = mail.link("change_email", "new@example.com");
    enrol(&host, person.session.clone()).await;
    let undo = mail.link("mfa_enabled", "ada@example.com");
    let path = format!("/auth/confirm-email/{confirm}");
    host.post(&path, json!({"password": PASSWORD}))
        .await
        .assert_error(400, "link_invalid");

    let moved = json!({"email": "moved@example.com"});
    host.send_as("PATCH", &person.path(), root.token(), moved)
        .await
        .assert_ok();
    assert_eq!(mail.next().message["kind"], "email_changed");
    host.post(&format!("/auth/undo-2fa/{undo}"), json!({}))
        .await
        .assert_error(400, "link_invalid");
    let record = host.record(&root, &person.id).await;
    assert_eq!(record["mfa_enabled"], true);
}

/// An address that nobody has proved may be a stranger's: it gets few notices of the account.
#[tokio::test]
async fn an_unproved_address_gets_few_notices() {
    let host = Host::start(&[("MAILS_PER_ADDRESS_EVERYWHERE", "2")]);
    let token = host.register("ada@example.com").await.access_token;
    for name in ["ada", "bea", "cea"] {
        host.send_as("PATCH", "/account", &token, json!({"username": name}))
            .await
            .assert_ok();
    }
    host.wait_for_log("the address got too many mails");
}
