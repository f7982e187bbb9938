//! Administrators find, create, edit, disable and delete users.

mod create;
mod disable;
mod edit;
mod list;
mod oneself;
mod passwords;
mod ranks;
mod roles;
mod second_factor;
mod sessions;

use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, Person};
use serde_json::{Value, json};

const NOBODY: &str = "/users/018bcfe5-6800-7000-8000-000000000000";
const NEW: &str = "a new and better password";

async fn send(host: &Host, person: &Person, method: &str, path: &str, body: Value) -> Answer {
    host.send_as(method, path, person.token(), body).await
}

/// Creates a user.
async fn make(host: &Host, person: &Person, body: Value) -> Value {
    let answer = send(host, person, "POST", "/users", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Asserts that the response is a success without a body.
#[track_caller]
fn done(answer: &Answer) {
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn login(host: &Host, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    host.post("/auth/login", body).await
}

/// Returns the addresses in a list of users, in order, or the user names of users without an address.
fn listed(answer: &Answer) -> Vec<String> {
    answer.assert_ok();
    let users = answer.body["users"].as_array().unwrap().iter();
    let name = |user: &Value| {
        let email = user["email"].as_str();
        email
            .or_else(|| user["username"].as_str())
            .unwrap()
            .to_owned()
    };
    users.map(name).collect()
}

/// Returns the token of the link in the next mail of this kind to an address.
fn link_to(mail: &MailService, kind: &str, to: &str) -> String {
    loop {
        let message = mail.next().message;
        if message["kind"] == kind && message["to"] == to {
            let text = message["text"].as_str().unwrap();
            let token = text.split("?token=").nth(1).unwrap();
            return token.chars().take_while(|c| !c.is_whitespace()).collect();
        }
    }
}
