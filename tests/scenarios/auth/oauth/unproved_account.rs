//! Accounts that somebody created with the address of another person ("pre-hijacking").

use gatewright_tests::MailService;
use gatewright_tests::host::{PASSWORD, SETUP, Tokens};
use gatewright_tests::identity::IdentityService;
use serde_json::json;

use super::{OWN, account, identities, link, signed_in, verified};
use crate::auth::cookies::browser::Browser;
use crate::auth::second_factor::enrol;

/// An account whose address nobody proved yields to the person who proves it: nothing by which the other one could come
/// back is left.
#[tokio::test]
async fn an_account_without_proof_yields_to_the_owner_of_the_address() {
    let service = IdentityService::start(&["acme", "work"], &[]);
    let settings = [OWN[0], SETUP, ("LINK_BY_VERIFIED_EMAIL", "all")];
    let host = service.host(&settings);
    let root = host.administrator().await;
    // The other one has a password, a second factor, an identity and a session, and then an address that is not theirs.
    let eve = host.person(&root, "eve", &["user"]).await;
    service.person("work", json!({"sub": "eve", "email": "eve@example.com"}));
    let linked = link(&host, &service, "work", eve.token()).await;
    assert_eq!(linked.status, 201, "{linked:?}");
    let path = eve.path();
    let eve = enrol(&host, eve.session).await;
    let moved = json!({"email": "ada@example.com"});
    host.send_as("PATCH", &path, root.token(), moved)
        .await
        .assert_ok();
    let login = json!({
        "email": "ada@example.com",
        "password": PASSWORD,
        "totp_code": eve.recovery_codes[0],
    });
    let eve_again = host.post("/auth/login", login).await;
    eve_again.assert_ok();

    service.person("acme", verified("ada", "ada@example.com"));
    let ada = signed_in(&host, &service, "acme").await;
    let seen = account(&host, &ada).await;
    assert_eq!(seen["email_verified"], true, "{seen}");
    assert_eq!(
        (&seen["has_password"], &seen["mfa_enabled"]),
        (&json!(false), &json!(false))
    );
    let left = identities(&host, &ada.access_token).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["provider"], "acme");
    let session = Tokens::of(&eve_again.body);
    host.get_as("/auth/me", &session.access_token)
        .await
        .assert_error(401, "session_ended");
    host.refresh(&session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    let login = json!({
        "email": "ada@example.com",
        "password": PASSWORD,
        "totp_code": eve.recovery_codes[1],
    });
    host.post("/auth/login", login)
        .await
        .assert_error(401, "invalid_credentials");
    service.person("work", json!({"sub": "eve", "email": "eve@example.com"}));
    let back = signed_in(&host, &service, "work").await;
    assert_ne!(account(&host, &back).await["id"], seen["id"]);
}

/// The owner of the address also gets rid of a stranger's identity by the links that are mailed to it.
#[tokio::test]
async fn a_reset_removes_a_strangers_identity() {
    let mail = MailService::start();
    let service = IdentityService::start(&["work"], &[]);
    let host = service.host_with_mail(&mail, &OWN);
    // Eve's provider lets its users claim any address, which verifies none.
    service.person("work", verified("eve", "ada@example.com"));
    let eve = signed_in(&host, &service, "work").await;
    assert_eq!(account(&host, &eve).await["email_verified"], false);
    let forgot = json!({"email": "ada@example.com"});
    host.post("/auth/forgot-password", forgot).await;
    let token = loop {
        let message = mail.next().message;
        if message["kind"] == "reset_password" {
            break gatewright_tests::link_of(&message);
        }
    };
    let path = format!("/auth/reset-password/{token}");
    let reset = host.post(&path, json!({"password": PASSWORD})).await;
    assert_eq!(reset.status, 204, "{reset:?}");
    let ada = host.login("ada@example.com").await;
    assert_eq!(identities(&host, &ada.access_token).await.len(), 0);
    host.get_as("/auth/me", &eve.access_token)
        .await
        .assert_error(401, "session_ended");
    let answer = Browser::default().sign_in(&host, &service, "work").await;
    answer.assert_error(409, "account_exists");
}

/// An identity that was linked while the address was proved is the owner's, and a reset leaves it.
#[tokio::test]
async fn a_reset_leaves_the_owners_identities() {
    let mail = MailService::start();
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [OWN[0], ("LINK_BY_VERIFIED_EMAIL", "all")];
    let host = service.host_with_mail(&mail, &settings);
    service.person("acme", verified("ada", "ada@example.com"));
    let before = signed_in(&host, &service, "acme").await;
    let id = account(&host, &before).await["id"].clone();
    let forgot = json!({"email": "ada@example.com"});
    host.post("/auth/forgot-password", forgot).await;
    let token = mail.link("reset_password", "ada@example.com");
    let path = format!("/auth/reset-password/{token}");
    let reset = host.post(&path, json!({"password": PASSWORD})).await;
    assert_eq!(reset.status, 204, "{reset:?}");
    let again: Tokens = signed_in(&host, &service, "acme").await;
    let seen = account(&host, &again).await;
    assert_eq!((&seen["id"], &seen["has_password"]), (&id, &json!(true)));
}
