//! A user's own identities.

use gatewright_tests::MailService;
use gatewright_tests::host::{PASSWORD, SETUP, Tokens};
use gatewright_tests::identity::IdentityService;
use serde_json::json;

use crate::auth::oauth::{OWN, identities, link, signed_in, verified};

/// A user lists, links and unlinks identities. Each change needs a recent proof, and a mail reports it.
#[tokio::test]
async fn a_person_links_and_unlinks_with_a_recent_proof() {
    let mail = MailService::start();
    let service = IdentityService::start(&["acme", "work"], &[]);
    let host = service.host_with_mail(&mail, &[OWN[0], SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    assert_eq!(identities(&host, ada.token()).await.len(), 0);
    let mut person = verified("1", "ada@work.example");
    person["name"] = "Ada at work".into();
    service.person("work", person);
    let linked = link(&host, &service, "work", ada.token()).await;
    assert_eq!(linked.status, 201, "{linked:?}");
    assert_eq!(linked.body["provider"], "work");
    assert_eq!(linked.body["email"], "ada@work.example");
    let message = mail.next().message;
    assert_eq!(
        (&message["kind"], &message["to"]),
        (&json!("identity_linked"), &json!("ada@example.com"))
    );
    // The address at the provider is none of the account, and isn't told.
    let account = host.get_as("/account", ada.token()).await;
    assert_eq!(account.body["email"], "ada@example.com");
    let own = identities(&host, ada.token()).await;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["id"], linked.body["id"]);
    assert_eq!(own[0]["label"], "Ada at work");
    assert_eq!(own[0]["last_used_at"], json!(null));
    assert!(own[0].get("tokens").is_none(), "{own:?}");
    let id = own[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 22);
    let session = signed_in(&host, &service, "work").await;
    host.wait_until("/account/identities", &session.access_token, |answer| {
        answer.body["identities"][0]["last_used_at"].is_string()
    })
    .await;

    // V7.5.1: some time after the proof, neither change is possible.
    let host = host.restart_later(601);
    service.set_ahead(601);
    service.person("acme", verified("2", "ada@example.net"));
    link(&host, &service, "acme", ada.token())
        .await
        .assert_error(403, "reauthentication_required");
    let path = format!("/account/identities/{id}");
    host.call_as("DELETE", &path, ada.token())
        .await
        .assert_error(403, "reauthentication_required");
    let proof = json!({"password": PASSWORD});
    let proved = host
        .send_as("POST", "/auth/reauthenticate", ada.token(), proof)
        .await;
    let tokens = Tokens::of(&proved.body);
    let gone = host.call_as("DELETE", &path, &tokens.access_token).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    let message = mail.next().message;
    assert_eq!(message["kind"], "identity_unlinked");
    host.call_as("DELETE", &path, &tokens.access_token)
        .await
        .assert_error(404, "not_found");
    assert_eq!(identities(&host, &tokens.access_token).await.len(), 0);
    for kind in ["identity.linked", "identity.unlinked"] {
        let path = format!("/audit?kind={kind}&target={}", ada.id);
        let found = host
            .wait_until(&path, root.token(), |answer| {
                answer.body["events"][0].is_object()
            })
            .await;
        let event = &found.body["events"][0];
        assert_eq!(event["details"]["provider"], "work", "{event}");
    }
}

/// An account has at most twenty identities.
#[tokio::test]
async fn an_account_has_at_most_twenty_identities() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    for at in 0..20 {
        service.person("acme", json!({"sub": at.to_string()}));
        let linked = link(&host, &service, "acme", ada.token()).await;
        assert_eq!(linked.status, 201, "{at} {linked:?}");
    }
    service.person("acme", json!({"sub": "20"}));
    link(&host, &service, "acme", ada.token())
        .await
        .assert_error(409, "too_many_identities");
    assert_eq!(identities(&host, ada.token()).await.len(), 20);
}

/// The last way to sign in stays, whatever is requested at once, and an identity of a provider that isn't set up any more is none.
#[tokio::test]
async fn the_last_way_in_stays() {
    let service = IdentityService::start(&["acme", "work"], &[]);
    let settings = [OWN[0], ("LINK_BY_VERIFIED_EMAIL", "all")];
    let host = service.host(&settings);
    service.person("acme", verified("1", "ada@example.com"));
    let session = signed_in(&host, &service, "acme").await;
    let token = &session.access_token;
    let path_of = |own: &[serde_json::Value], provider: &str| {
        let one = own.iter().find(|one| one["provider"] == provider).unwrap();
        format!("/account/identities/{}", one["id"].as_str().unwrap())
    };
    let acme = path_of(&identities(&host, token).await, "acme");
    host.call_as("DELETE", &acme, token)
        .await
        .assert_error(409, "last_sign_in_method");
    service.person("work", verified("2", "ada@work.example"));
    assert_eq!(link(&host, &service, "work", token).await.status, 201);
    let work = path_of(&identities(&host, token).await, "work");

    let host = host.restart(&[("OIDC_PROVIDERS", "acme")]);
    host.call_as("DELETE", &acme, token)
        .await
        .assert_error(409, "last_sign_in_method");
    let host = host.restart(&[("OIDC_PROVIDERS", "acme,work")]);
    let both = futures::join!(
        host.call_as("DELETE", &acme, token),
        host.call_as("DELETE", &work, token)
    );
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{both:?}");
    let left = identities(&host, token).await;
    assert_eq!(left.len(), 1);
    // With a password there is another way.
    let first = json!({"new_password": PASSWORD});
    let changed = host
        .send_as("POST", "/account/change-password", token, first)
        .await;
    let tokens = Tokens::of(&changed.body);
    let path = format!("/account/identities/{}", left[0]["id"].as_str().unwrap());
    let gone = host.call_as("DELETE", &path, &tokens.access_token).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    host.login("ada@example.com").await;
}
