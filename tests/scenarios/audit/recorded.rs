//! Recorded events.

use std::cell::RefCell;

use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Person, SETUP};
use reqwest::Method;
use serde_json::{Value, json};

use super::count;
use crate::auth::second_factor::code_now;

/// A user agent that no other test uses.
const AGENT: &str = "audit-scenario/1";

/// Events that users cause without a session; the tests don't check their actor.
const WITHOUT_SESSION: [&str; 2] = ["mfa.recovery_code_used", "password.reset"];

/// Performs actions, each with its own request ID.
struct Doer<'a> {
    host: &'a Host,
    root: Person,
    /// The expected events.
    expected: RefCell<Vec<Expected>>,
}

/// An expected event.
struct Expected {
    request_id: String,
    kind: &'static str,
    reason: Option<&'static str>,
    actor: Option<String>,
    target: Option<String>,
}

impl Doer<'_> {
    /// Performs an action that causes an event of this kind.
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

    /// Performs an action of the superadmin on a target.
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

    /// Signs in with a password.
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
        // A failed login has no actor, because nothing was proved.
        let actor = account.filter(|_| reason.is_none());
        let what = ("POST", "/auth/login", None, body);
        self.does(what, kind, reason, actor, account).await
    }
}

fn id_of(answer: &Answer) -> String {
    answer.body["id"].as_str().unwrap().to_owned()
}

/// V16.2.1, V16.3.1: every important event records the actor, the target, the time, the origin and the outcome.
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

    // Successful and failed logins.
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
    let token = confirmed.body["tokens"]["access_token"].as_str();
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
    let what = ("POST", "/auth/2fa/disable", token, both);
    let disabled = doer
        .does(what, "mfa.disabled", None, Some(&ada.id), Some(&ada.id))
        .await;
    disabled.assert_ok();

    // Actions of a user on their own account.
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
    let changed = doer.does(what, "password.changed", None, Some(&ben.id), Some(&ben.id));
    let changed = changed.await;
    let token = changed.body["access_token"].as_str();
    let what = ("PATCH", "/account", token, json!({"display_name": "Ben"}));
    doer.does(what, "account.updated", None, Some(&ben.id), Some(&ben.id))
        .await;
    let what = ("POST", "/auth/logout", token, none.clone());
    doer.does(what, "logout", None, Some(&ben.id), Some(&ben.id))
        .await;

    // Actions of an administrator on other users.
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

    // Roles, permissions, keys, and imports of many users.
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

    // Events without a request of their own, or from before the test.
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
        // The log contains them, too.
        host.wait_for_line(&[kind, request_id]);
    }
    // V16.2.5: they contain no secret.
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
