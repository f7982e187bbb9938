//! Services whose accounts are not made by signing in.

use gatewright_tests::host::SETUP;
use gatewright_tests::identity::IdentityService;

use super::{OWN, link, signed_in, verified};
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
