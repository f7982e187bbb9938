use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::second_factor::code_now;
use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Person, SETUP};
use reqwest::Method;
use serde_json::{Value, json};

/// A browser that nobody else has.
const AGENT: &str = "audit-scenario/1";

/// What people do by other proofs than a session; whether they stand as who did it is not said here.
const WITHOUT_SESSION: [&str; 2] = ["mfa.recovery_code_used", "password.reset"];

/// Does things, each with an identifier of its request.
struct Doer<'a> {
    host: &'a Host,
    root: Person,
    /// What has happened, to be looked for.
    expected: RefCell<Vec<Expected>>,
}

/// An event that has to be there.
struct Expected {
    request_id: String,
    kind: &'static str,
    reason: Option<&'static str>,
    actor: Option<String>,
    target: Option<String>,
}

impl Doer<'_> {
    /// Does something, by which an event of this kind happens.
    async fn does(
        &self,
        what: (&str, &str, Option<&str>, Value),
        kind: &'static str,
        reason: Option<&'static str>,
        actor: Option<&str>,
        target: Option<&str>,
    ) -> Answer {
        let (method, path, token, body) = what;
        let request_id = format!("audited-{}-", self.expected.borrow().len());
        let mut request = self
            .host
            .request(Method::from_bytes(method.as_bytes()).unwrap(), path)
            .header("user-agent", AGENT)
            .header("x-request-id", &request_id);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = Answer::of(request).await;
        assert!(answer.status.as_u16() < 500, "{kind}: {answer:?}");
        assert_eq!(answer.header("x-request-id"), request_id);
        self.expected.borrow_mut().push(Expected {
            request_id,
            kind,
            reason,
            actor: actor.map(str::to_owned),
            target: target.map(str::to_owned),
        });
        answer
    }

    /// The superadmin does something to somebody or something.
    async fn administers(
        &self,
        method: &str,
        path: &str,
        body: Value,
        kind: &'static str,
        target: Option<&str>,
    ) -> Answer {
        let what = (method, path, Some(self.root.token()), body);
        let answer = self.does(what, kind, None, Some(&self.root.id), target);
        let answer = answer.await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        answer
    }

    /// Somebody presents a password.
    async fn signs_in(
        &self,
        body: Value,
        reason: Option<&'static str>,
        account: Option<&str>,
    ) -> Answer {
        let kind = if reason.is_some() {
            "login.failed"
        } else {
            "login.succeeded"
        };
        // Who fails has not proved to be anybody.
        let actor = account.filter(|_| reason.is_none());
        let what = ("POST", "/auth/login", None, body);
        self.does(what, kind, reason, actor, account).await
    }
}

/// The events of a query, newest first.
async fn events(host: &Host, token: &str, query: &str) -> Vec<Value> {
    let answer = host.get_as(&format!("/audit?{query}"), token).await;
    answer.assert_ok();
    answer.body["events"].as_array().unwrap().clone()
}

/// How many events are in an answer.
fn count(answer: &Answer) -> usize {
    answer.body["events"].as_array().map_or(0, Vec::len)
}

fn id_of(answer: &Answer) -> String {
    answer.body["id"].as_str().unwrap().to_owned()
}

/// V16.2.1, V16.3.1: who did what to whom, when, from where and how it ended, for all that matters.
#[tokio::test]
async fn events_say_who_did_what_to_whom_from_where() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "12")]);
    let root = host.administrator().await;
    let expected = RefCell::default();
    let doer = Doer {
        host: &host,
        root,
        expected,
    };
    let root = &doer.root;
    let none = json!(null);
    let right = |name: &str| json!({"email": format!("{name}@example.com"), "password": PASSWORD});
    let wrong = |name: &str| json!({"email": format!("{name}@example.com"), "password": "not the right password"});

    // Signing in, or not.
    let ada = host.person(root, "ada", &["user"]).await;
    let ben = host.person(root, "ben", &["user"]).await;
    host.person(root, "cleo", &["user"]).await;
    doer.signs_in(right("ada"), None, Some(&ada.id)).await;
    doer.signs_in(wrong("ada"), Some("wrong_password"), Some(&ada.id))
        .await;
    doer.signs_in(wrong("nobody"), Some("unknown_account"), None)
        .await;
    for _ in 0..11 {
        host.post("/auth/login", wrong("cleo")).await;
    }
    doer.signs_in(right("cleo"), Some("rate_limited"), None)
        .await
        .assert_error(429, "rate_limited");

    // A second factor.
    let enabled = host.post_as("/auth/2fa/enable", ada.token()).await;
    let secret = enabled.body["secret"].as_str().unwrap();
    let code = json!({"code": code_now(secret)});
    let what = ("POST", "/auth/2fa/verify", Some(ada.token()), code);
    let confirmed = doer
        .does(what, "mfa.enabled", None, Some(&ada.id), Some(&ada.id))
        .await;
    let recovery = |at: usize| confirmed.body["recovery_codes"][at].clone();
    let mut with_code = right("ada");
    with_code["totp_code"] = "000000".into();
    doer.signs_in(with_code.clone(), Some("wrong_code"), Some(&ada.id))
        .await;
    with_code["totp_code"] = recovery(0);
    let what = ("POST", "/auth/login", None, with_code.clone());
    doer.does(
        what,
        "mfa.recovery_code_used",
        None,
        Some(&ada.id),
        Some(&ada.id),
    )
    .await
    .assert_ok();
    let both = json!({"password": PASSWORD, "code": recovery(1)});
    let what = ("POST", "/auth/2fa/disable", Some(ada.token()), both);
    let disabled = doer
        .does(what, "mfa.disabled", None, Some(&ada.id), Some(&ada.id))
        .await;
    assert_eq!(disabled.status, 204, "{disabled:?}");

    // What a person does to his account.
    let what = (
        "POST",
        "/auth/forgot-password",
        None,
        json!({"email": "ada@example.com"}),
    );
    doer.does(what, "password.reset_requested", None, None, Some(&ada.id))
        .await;
    let link = loop {
        let message = mail.next().message;
        if message["kind"] == "reset_password" {
            let text = message["text"].as_str().unwrap().to_owned();
            let token = text.split("?token=").nth(1).unwrap();
            break token.split_whitespace().next().unwrap().to_owned();
        }
    };
    let path = format!("/auth/reset-password/{link}");
    let body = json!({"password": "a new and better password"});
    let what = ("POST", path.as_str(), None, body);
    let reset = doer
        .does(what, "password.reset", None, Some(&ada.id), Some(&ada.id))
        .await;
    assert_eq!(reset.status, 204, "{reset:?}");
    let what = (
        "POST",
        "/account/change-password",
        Some(ben.token()),
        json!({"current_password": PASSWORD, "new_password": "a new and better password"}),
    );
    doer.does(what, "password.changed", None, Some(&ben.id), Some(&ben.id))
        .await;
    let what = (
        "PATCH",
        "/account",
        Some(ben.token()),
        json!({"display_name": "Ben"}),
    );
    doer.does(what, "account.updated", None, Some(&ben.id), Some(&ben.id))
        .await;
    let what = ("POST", "/auth/logout", Some(ben.token()), none.clone());
    doer.does(what, "logout", None, Some(&ben.id), Some(&ben.id))
        .await;

    // What an administrator does to others.
    let dora = json!({"email": "dora@example.com", "password": PASSWORD});
    let made = doer
        .administers("POST", "/users", dora, "user.created", None)
        .await;
    let dora = id_of(&made);
    let of_dora = |rest: &str| format!("/users/{dora}{rest}");
    let target = Some(dora.as_str());
    for (method, path, body, kind) in [
        (
            "PATCH",
            of_dora(""),
            json!({"display_name": "Dora"}),
            "user.updated",
        ),
        (
            "POST",
            of_dora("/roles/premium"),
            none.clone(),
            "user.role_added",
        ),
        (
            "DELETE",
            of_dora("/roles/premium"),
            none.clone(),
            "user.role_removed",
        ),
        ("POST", of_dora("/unlock"), none.clone(), "user.unlocked"),
        (
            "DELETE",
            of_dora("/sessions"),
            none.clone(),
            "user.sessions_revoked",
        ),
        (
            "POST",
            of_dora("/impersonate"),
            json!({"reason": "asked"}),
            "user.impersonated",
        ),
        ("POST", of_dora("/disable"), none.clone(), "user.disabled"),
    ] {
        doer.administers(method, &path, body, kind, target).await;
    }
    doer.signs_in(right("dora"), Some("disabled"), target).await;
    for (method, path, kind) in [
        ("POST", of_dora("/enable"), "user.enabled"),
        (
            "POST",
            of_dora("/reset-password"),
            "user.password_reset_forced",
        ),
        ("DELETE", of_dora(""), "user.deleted"),
    ] {
        doer.administers(method, &path, none.clone(), kind, target)
            .await;
    }

    // Roles, permissions, keys and many users at once.
    let permission = json!({"name": "posts:write"});
    let made = doer
        .administers(
            "POST",
            "/permissions",
            permission,
            "permission.created",
            None,
        )
        .await;
    let permission = id_of(&made);
    let path = format!("/permissions/{permission}");
    let body = json!({"name": "posts:edit"});
    doer.administers("PUT", &path, body, "permission.updated", Some(&permission))
        .await;
    let role = json!({"name": "editor", "permissions": ["posts:edit"]});
    let made = doer
        .administers("POST", "/roles", role, "role.created", None)
        .await;
    let role = id_of(&made);
    let of_role = format!("/roles/{role}");
    let body = json!({"name": "author", "permissions": []});
    doer.administers("PUT", &of_role, body, "role.updated", Some(&role))
        .await;
    let grant = format!("{of_role}/permissions/posts:edit");
    for method in ["POST", "DELETE"] {
        doer.administers(method, &grant, none.clone(), "role.updated", Some(&role))
            .await;
    }
    doer.administers(
        "DELETE",
        &of_role,
        none.clone(),
        "role.deleted",
        Some(&role),
    )
    .await;
    doer.administers(
        "DELETE",
        &path,
        none.clone(),
        "permission.deleted",
        Some(&permission),
    )
    .await;
    let users = json!({"users": [{"email": "emil@example.com"}]});
    doer.administers("POST", "/users/import", users, "users.imported", None)
        .await;
    doer.administers("GET", "/users/export", none.clone(), "users.exported", None)
        .await;
    doer.administers("POST", "/keys/rotate", none.clone(), "key.rotated", None)
        .await;

    // What has happened without a request of its own, or before.
    for kind in ["setup.completed", "settings.loaded"] {
        let is_there = |answer: &Answer| count(answer) > 0;
        let path = format!("/audit?kind={kind}");
        host.wait_until(&path, root.token(), is_there).await;
    }
    for expected in &doer.expected.take() {
        let Expected {
            request_id, kind, ..
        } = expected;
        let of_request = |answer: &Answer| {
            let events = answer.body["events"].as_array().unwrap().iter();
            events
                .filter(|event| event["request_id"] == **request_id)
                .cloned()
                .collect::<Vec<_>>()
        };
        let path = format!("/audit?kind={kind}&limit=200");
        let is_there = |answer: &Answer| !of_request(answer).is_empty();
        let answer = host.wait_until(&path, root.token(), is_there).await;
        let found = of_request(&answer);
        assert_eq!(found.len(), 1, "{found:?}");
        let event = &found[0];
        assert_eq!(event["kind"], *kind);
        assert_eq!(event["reason"], json!(expected.reason), "{event}");
        if !WITHOUT_SESSION.contains(kind) {
            assert_eq!(event["actor_id"], json!(expected.actor), "{event}");
        }
        if let Some(target) = &expected.target {
            assert_eq!(event["target_id"], json!(target), "{event}");
            assert!(event["target_type"].is_string(), "{event}");
        }
        assert_eq!(event["ip"], "127.0.0.1", "{event}");
        assert_eq!(event["user_agent"], AGENT, "{event}");
        assert!(event["at"].is_string() && event["id"].is_string());
        assert!(event["details"].is_object(), "{event}");
        if expected.actor.as_ref() == Some(&root.id) {
            assert!(event["session_id"].is_string(), "{event}");
        }
        // For who reads logs, too.
        host.wait_for_line(&[kind, request_id]);
    }
    // V16.2.5: no secret gets into it.
    let mut all = String::new();
    let mut path = "/audit?limit=200".to_owned();
    loop {
        let answer = host.get_as(&path, root.token()).await;
        all += &answer.text;
        let Some(cursor) = answer.body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/audit?limit=200&cursor={cursor}");
    }
    for known in [PASSWORD, "not the right password", SETUP.1, &link, secret] {
        assert!(!all.contains(known), "{known}");
    }
    assert!(!all.contains("argon2"));
}

/// What is asked for comes, newest first, and page by page each event once, while others happen.
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
    // All is stored.
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

    // Newest first, and what a range says.
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

/// V16.4.2: no route changes what has happened, and nothing of it goes with the user.
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
    // Nor does the end of the process.
    let host = host.restart(&[]);
    let root = host.login(&root.email).await.access_token;
    let after = host.get_as(&path, &root).await;
    assert_eq!(after.body["events"], json!([before]));
}
