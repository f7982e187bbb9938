//! Sign-ins at the same time.

use futures::future::join_all;
use gatewright_tests::host::{SETUP, Tokens};
use gatewright_tests::identity::IdentityService;

use super::{OWN, link, path_of, verified};
use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::browser::Browser;

/// First sign-ins of one person at once make one account, and all of them are signed in.
#[tokio::test]
async fn first_sign_ins_at_once_make_one_account() {
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [OWN[0], SETUP, ("LINK_BY_VERIFIED_EMAIL", "all")];
    let host = service.host(&settings);
    let root = host.administrator().await;
    service.person("acme", verified("1", "ada@example.com"));
    let mut ready = Vec::new();
    for _ in 0..4 {
        let mut browser = Browser::default();
        let code = browser.code(&host, &service, &path_of("acme")).await;
        ready.push((browser, code));
    }
    let host = &host;
    let exchanges = ready
        .into_iter()
        .map(|(mut browser, code)| async move { browser.exchange(host, &code).await });
    let answers = join_all(exchanges).await;
    let ids = answers.iter().map(|answer| {
        answer.assert_ok();
        part(&Tokens::of(&answer.body).access_token, 1)["sub"].clone()
    });
    let ids: Vec<_> = ids.collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let all = host.get_as("/users", root.token()).await;
    assert_eq!(all.body["users"].as_array().unwrap().len(), 2);
}

/// An identity belongs to one account: that of the first who links it.
#[tokio::test]
async fn an_identity_is_linked_once() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    service.person("acme", verified("1", "shared@example.com"));
    let both = futures::join!(
        link(&host, &service, "acme", ada.token()),
        link(&host, &service, "acme", ben.token())
    );
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{both:?}");
    for answer in [&both.0, &both.1] {
        if answer.status == 409 {
            answer.assert_error(409, "identity_taken");
        }
    }
}
