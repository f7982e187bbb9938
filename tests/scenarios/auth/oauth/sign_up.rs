//! Services whose accounts are not made by signing in.

use gatewright_tests::host::SETUP;
use gatewright_tests::identity::IdentityService;

use super::{OWN, link, path_of, signed_in, verified};
use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::browser::Browser;

/// With `OAUTH_SIGN_UP=false`, an identity signs in only after it was linked.
#[tokio::test]
async fn a_service_without_sign_up_makes_no_account() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP, ("OAUTH_SIGN_UP", "false")]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    service.person("acme", verified("1", "new@example.com"));
    let answer = Browser::default().sign_in(&host, &service, "acme").await;
    answer.assert_error(403, "sign_up_disabled");
    let all = host.get_as("/users", root.token()).await;
    assert_eq!(all.body["users"].as_array().unwrap().len(), 2);
    let linked = link(&host, &service, "acme", ada.token()).await;
    assert_eq!(linked.status, 201, "{linked:?}");
    let tokens = signed_in(&host, &service, "acme").await;
    assert_eq!(part(&tokens.access_token, 1)["sub"], ada.id);
}

/// A code ends its flow also if the sign-in is refused. A code of another browser ends no flow of this one.
#[tokio::test]
async fn a_refused_code_ends_its_flow_and_no_other() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("OAUTH_SIGN_UP", "false")]);
    service.person("acme", verified("1", "ada@example.com"));
    let path = path_of("acme");
    let mut browser = Browser::default();
    let code = browser.code(&host, &service, &path).await;
    browser.begin(&host, &path).await;
    let flows = browser.0.clone();
    assert_eq!(flows.len(), 2);
    let foreign = Browser::default().code(&host, &service, &path).await;
    let answer = browser.exchange(&host, &foreign).await;
    answer.assert_error(400, "oauth_code_invalid");
    assert_eq!(browser.0, flows);
    let answer = browser.exchange(&host, &code).await;
    answer.assert_error(403, "sign_up_disabled");
    let left = browser.0.clone();
    assert_eq!(left.len(), 1);
    // The code is used up, and says nothing about the other flow.
    let answer = browser.exchange(&host, &code).await;
    answer.assert_error(400, "oauth_code_invalid");
    assert_eq!(browser.0, left);
}
