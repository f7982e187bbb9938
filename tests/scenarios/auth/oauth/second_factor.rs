//! The second factor of accounts with identities.

use gatewright_tests::host::{Answer, Host, SETUP, Tokens};
use gatewright_tests::identity::IdentityService;
use serde_json::json;

use super::{OWN, identities, link, signed_in, verified};
use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::browser::Browser;
use crate::auth::second_factor::enrol;

async fn answer(host: &Host, challenge: &Answer, code: &str) -> Answer {
    challenge.assert_ok();
    assert_eq!(challenge.body["mfa_required"], true, "{challenge:?}");
    assert!(challenge.body.get("access_token").is_none());
    let body = json!({"mfa_token": challenge.body["mfa_token"], "code": code});
    host.post("/auth/login/mfa", body).await
}

/// A provider is one factor, and the account's own is asked for after it.
#[tokio::test]
async fn the_second_factor_follows_the_provider() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("LINK_BY_VERIFIED_EMAIL", "all")]);
    service.person("acme", verified("1", "ada@example.com"));
    let ada = enrol(&host, signed_in(&host, &service, "acme").await).await;
    let challenge = Browser::default().sign_in(&host, &service, "acme").await;
    answer(&host, &challenge, "000000")
        .await
        .assert_error(403, "invalid_code");
    let done = answer(&host, &challenge, &ada.recovery_codes[0]).await;
    let tokens = Tokens::of(&done.body);
    let amr = part(&tokens.access_token, 1)["amr"].clone();
    assert_eq!(amr.as_array().unwrap()[0], "fed", "{amr}");
    assert!(amr.as_array().unwrap().len() > 1, "{amr}");
    // Without the identity the challenge leads nowhere.
    let token = &tokens.access_token;
    // It has the address of the account, by which it could be linked again.
    service.person("acme", verified("2", "ada@example.com"));
    let linked = link(&host, &service, "acme", token).await;
    assert_eq!(linked.status, 201, "{linked:?}");
    let challenge = Browser::default().sign_in(&host, &service, "acme").await;
    let path = format!(
        "/account/identities/{}",
        linked.body["id"].as_str().unwrap()
    );
    let gone = host.call_as("DELETE", &path, token).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    answer(&host, &challenge, &ada.recovery_codes[1])
        .await
        .assert_error(401, "mfa_token_invalid");
    assert_eq!(identities(&host, token).await.len(), 1);
}

/// An identity joins an account with a second factor only after its owner has proved that.
#[tokio::test]
async fn linking_by_address_asks_for_the_factor_first() {
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [OWN[0], SETUP, ("LINK_BY_VERIFIED_EMAIL", "all")];
    let host = service.host(&settings);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let enrolled = enrol(&host, ada.session.clone()).await;
    let token = &enrolled.session.access_token;
    service.person("acme", verified("1", "ada@example.com"));
    let challenge = Browser::default().sign_in(&host, &service, "acme").await;
    assert_eq!(identities(&host, token).await.len(), 0);
    answer(&host, &challenge, "000000")
        .await
        .assert_error(403, "invalid_code");
    assert_eq!(identities(&host, token).await.len(), 0);
    let done = answer(&host, &challenge, &enrolled.recovery_codes[0]).await;
    let tokens = Tokens::of(&done.body);
    assert_eq!(part(&tokens.access_token, 1)["sub"], ada.id);
    assert_eq!(identities(&host, token).await.len(), 1);
    // From then on it is a known identity, and the factor is still asked for.
    service.person("acme", verified("1", "other@example.com"));
    let challenge = Browser::default().sign_in(&host, &service, "acme").await;
    answer(&host, &challenge, &enrolled.recovery_codes[1])
        .await
        .assert_ok();
}

/// An account that must have a second factor sets one up after its first sign-in.
#[tokio::test]
async fn a_required_factor_is_set_up_before_all_else() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[
        OWN[0],
        ("LINK_BY_VERIFIED_EMAIL", "all"),
        ("REQUIRE_MFA", "all"),
    ]);
    service.person("acme", verified("1", "ada@example.com"));
    let tokens = signed_in(&host, &service, "acme").await;
    host.get_as("/account/sessions", &tokens.access_token)
        .await
        .assert_error(403, "mfa_enrolment_required");
    let ada = enrol(&host, tokens).await;
    host.get_as("/account/sessions", &ada.session.access_token)
        .await
        .assert_ok();
}
