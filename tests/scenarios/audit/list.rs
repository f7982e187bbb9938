//! Reading the audit log.

use std::collections::BTreeSet;

use gatewright_tests::host::{Answer, Host, SETUP};
use serde_json::{Value, json};

use super::{count, events};

/// A query returns matching events, newest first, each exactly once over all pages, while new events arrive.
#[tokio::test]
async fn events_are_filtered_and_paged() {
    let host = Host::start(&[SETUP, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0")]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let fail = || {
        let body = json!({"email": ada.email, "password": "not the right password"});
        host.post("/auth/login", body)
    };
    for _ in 0..5 {
        fail().await.assert_error(401, "invalid_credentials");
    }
    let path = format!("{}/roles/premium", ben.path());
    host.call_as("POST", &path, root.token()).await;
    // All events are stored.
    let five = |answer: &Answer| count(answer) == 5;
    host.wait_until("/audit?kind=login.failed", root.token(), five)
        .await;
    let one = |answer: &Answer| count(answer) == 1;
    host.wait_until("/audit?kind=user.role_added", root.token(), one)
        .await;
    let two = |answer: &Answer| count(answer) == 2;
    host.wait_until("/audit?kind=user.created", root.token(), two)
        .await;
    let three = |answer: &Answer| count(answer) == 3;
    host.wait_until("/audit?kind=login.succeeded", root.token(), three)
        .await;

    let list = async |query: String| events(&host, root.token(), &query).await;
    let failed = list("kind=login.failed".into()).await;
    assert!(failed.iter().all(|event| event["kind"] == "login.failed"));
    let logins = list("kind=login.".into()).await;
    assert_eq!(logins.len(), 8, "{logins:?}");
    assert!(list("kind=login".into()).await.is_empty());
    assert!(list("kind=log.".into()).await.is_empty());
    let of_ada = list(format!("kind=login.&target={}", ada.id)).await;
    assert_eq!(of_ada.len(), 6, "{of_ada:?}");
    let by_ada = list(format!("actor={}", ada.id)).await;
    assert_eq!(by_ada.len(), 1, "{by_ada:?}");
    assert_eq!(by_ada[0]["kind"], "login.succeeded");
    let both = format!("actor={}&target={}&kind=user.", root.id, ben.id);
    let kinds: Vec<_> = list(both)
        .await
        .iter()
        .map(|event| event["kind"].clone())
        .collect();
    assert_eq!(kinds, ["user.role_added", "user.created"]);

    // Newest first, within the given range.
    let ids = |events: &[Value]| -> Vec<String> {
        let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
        events.iter().map(id).collect()
    };
    let at = failed[2]["at"].as_str().unwrap();
    let from = list(format!("kind=login.failed&from={at}")).await;
    assert!(ids(&from).contains(&ids(&failed)[2]));
    let to = list(format!("kind=login.failed&to={at}")).await;
    assert!(!ids(&to).contains(&ids(&failed)[2]));
    assert_eq!(from.len() + to.len(), 5);
    assert!(list("to=2000-01-01T00:00:00Z".into()).await.is_empty());
    assert_eq!(
        ids(&failed)[..2],
        ids(&list("kind=login.failed&limit=2".into()).await)[..]
    );

    let before: BTreeSet<_> = ids(&list("limit=200".into()).await).into_iter().collect();
    let mut met = Vec::new();
    let mut path = "/audit?limit=3".to_owned();
    for page in 0.. {
        assert!(page < 100, "no end");
        let answer = host.get_as(&path, root.token()).await;
        answer.assert_ok();
        let events = answer.body["events"].as_array().unwrap();
        assert!(events.len() <= 3);
        met.extend(ids(events));
        let Some(cursor) = answer.body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/audit?limit=3&cursor={cursor}");
        fail().await.assert_error(401, "invalid_credentials");
    }
    let distinct: BTreeSet<_> = met.iter().cloned().collect();
    assert_eq!(distinct.len(), met.len(), "{met:?}");
    assert!(distinct.is_superset(&before));

    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "from=yesterday",
        "to=1",
        "actor=nonsense",
        "cursor=nonsense",
        "cursor=%00",
    ] {
        let answer = host.get_as(&format!("/audit?{query}"), root.token()).await;
        let status = answer.status.as_u16();
        assert!([400, 422].contains(&status), "{query}: {answer:?}");
        answer.assert_error_code(status);
    }
}

/// V16.4.2: no route changes recorded events, and they stay when the user is deleted.
#[tokio::test]
async fn nothing_changes_an_event() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let path = format!("/audit?target={}&kind=user.created", ada.id);
    let one = |answer: &Answer| count(answer) == 1;
    let before = host.wait_until(&path, root.token(), one).await.body["events"][0].clone();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let answer = host
            .send_as(method, "/audit", root.token(), json!({}))
            .await;
        answer.assert_error(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
        let event = format!("/audit/{}", before["id"].as_str().unwrap());
        host.send_as(method, &event, root.token(), json!({}))
            .await
            .assert_error(404, "not_found");
    }
    let deleted = host.call_as("DELETE", &ada.path(), root.token()).await;
    assert_eq!(deleted.status, 204);
    let gone = format!("/audit?target={}&kind=user.deleted", ada.id);
    host.wait_until(&gone, root.token(), one).await;
    let after = host.get_as(&path, root.token()).await;
    assert_eq!(after.body["events"], json!([before]));
    // They also stay after the process ends.
    let host = host.restart(&[]);
    let root = host.login(&root.email).await.access_token;
    let after = host.get_as(&path, &root).await;
    assert_eq!(after.body["events"], json!([before]));
}
