//! Identities of other users, and administration of identities.

use std::collections::BTreeMap;

use gatewright_tests::host::{Answer, Host, Person, SETUP};
use gatewright_tests::identity::IdentityService;
use reqwest::Method;
use serde_json::{Value, json};

use crate::auth::access_token_is_checked::part;
use crate::auth::oauth::{OWN, identities, link, signed_in, verified};

/// Nobody links or unlinks an identity of somebody else.
#[tokio::test]
async fn an_identity_is_its_owners_alone() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let eve = host.person(&root, "eve", &["user"]).await;
    service.person("acme", verified("1", "ada@work.example"));
    let linked = link(&host, &service, "acme", ada.token()).await;
    assert_eq!(linked.status, 201, "{linked:?}");
    link(&host, &service, "acme", eve.token())
        .await
        .assert_error(409, "identity_taken");
    let path = format!(
        "/account/identities/{}",
        linked.body["id"].as_str().unwrap()
    );
    host.call_as("DELETE", &path, eve.token())
        .await
        .assert_error(404, "not_found");
    assert_eq!(identities(&host, ada.token()).await.len(), 1);
    let tokens = signed_in(&host, &service, "acme").await;
    assert_eq!(part(&tokens.access_token, 1)["sub"], ada.id);
    for (method, path) in [
        (Method::DELETE, path.as_str()),
        (Method::GET, "/account/identities"),
    ] {
        let answer = Answer::of(host.request(method, path)).await;
        answer.assert_error(401, "unauthenticated");
    }
    // Someone who acts as the user sees the identities, and changes none.
    let impersonate = format!("{}/impersonate", ada.path());
    let reason = json!({"reason": "help"});
    let acting = host
        .send_as("POST", &impersonate, root.token(), reason)
        .await;
    let token = acting.body["access_token"].as_str().unwrap();
    assert_eq!(identities(&host, token).await.len(), 1);
    let answer = host.call_as("DELETE", &path, token).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let answer = host.post_as(&format!("{path}/token"), token).await;
    assert_eq!(answer.status, 403, "{answer:?}");
}

/// Administrators see identities, find users by provider, and unlink, also the last way in.
#[tokio::test]
async fn administrators_see_and_unlink_identities() {
    let service = IdentityService::start(&["acme", "work"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    let mod_ = host.person(&root, "mia", &["user", "moderator"]).await;
    service.person("acme", verified("1", "ada@example.com"));
    let ada = signed_in(&host, &service, "acme").await;
    let id = part(&ada.access_token, 1)["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    let record = host.record(&root, &id).await;
    let listed = record["identities"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{record}");
    assert_eq!(listed[0]["provider"], "acme");
    assert_eq!(listed[0]["email"], "ada@example.com");
    for (provider, expected) in [("acme", 1), ("work", 0), ("unknown", 0)] {
        let path = format!("/users?provider={provider}");
        let found = host.get_as(&path, root.token()).await;
        found.assert_ok();
        let users = found.body["users"].as_array().unwrap();
        assert_eq!(users.len(), expected, "{provider}");
        assert!(users.iter().all(|user| user["id"] == id.as_str()));
    }
    let path = format!(
        "/users/{id}/identities/{}",
        listed[0]["id"].as_str().unwrap()
    );
    host.call_as("DELETE", &path, mod_.token())
        .await
        .assert_error(403, "forbidden");
    let other = path.replace(&id, &mod_.id);
    host.call_as("DELETE", &other, root.token())
        .await
        .assert_error(404, "not_found");
    let gone = host.call_as("DELETE", &path, root.token()).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    host.call_as("DELETE", &path, root.token())
        .await
        .assert_error(404, "not_found");
    let record = host.record(&root, &id).await;
    assert_eq!(record["identities"], json!([]));
    let one = |answer: &Answer| answer.body["events"][0].is_object();
    let path = format!("/audit?kind=identity.unlinked&target={id}");
    let events = host.wait_until(&path, root.token(), one).await;
    assert_eq!(events.body["events"][0]["actor_id"], root.id, "{events:?}");
}

async fn export(host: &Host, person: &Person) -> BTreeMap<String, Value> {
    let path = "/users/export?secrets=true";
    let answer = host.get_as(path, person.token()).await;
    answer.assert_ok();
    let users = answer.body["users"].as_array().unwrap().iter();
    users
        .map(|user| (user["email"].as_str().unwrap().to_owned(), user.clone()))
        .collect()
}

/// Identities move with an export and an import, and their owners sign in as before.
#[tokio::test]
async fn an_export_keeps_identities() {
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [OWN[0], SETUP];
    let host = service.host(&settings);
    let root = host.administrator().await;
    service.person("acme", verified("1", "ada@example.com"));
    let ada = signed_in(&host, &service, "acme").await;
    let all = export(&host, &root).await;
    let user = all["ada@example.com"].clone();
    let expected = json!({"issuer": service.issuer("acme"), "subject": "1", "provider": "acme"});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&user["identities"][0][name], value, "{user}");
    }
    drop(host);

    let host = service.host(&settings);
    let root = host.administrator().await;
    let mut eve = user.clone();
    eve["id"] = "018bcfe5-6800-7000-8000-0000000000ee".into();
    eve["email"] = "eve@example.com".into();
    let body = json!({"users": [user, eve]});
    let imported = host
        .send_as("POST", "/users/import", root.token(), body)
        .await;
    imported.assert_ok();
    let results = &imported.body["results"];
    assert_eq!(results[0]["status"], "created", "{results}");
    // An identity is imported once.
    assert_ne!(results[1]["status"], "created", "{results}");
    let again = signed_in(&host, &service, "acme").await;
    let sub = |token: &str| part(token, 1)["sub"].clone();
    assert_eq!(sub(&again.access_token), sub(&ada.access_token));
}
