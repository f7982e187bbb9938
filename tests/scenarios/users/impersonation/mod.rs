//! Acting as another user.

mod denied;
mod end;
mod start;

use gatewright_tests::host::{Answer, Host, Person};
use serde_json::{Value, json};

async fn impersonate(host: &Host, actor: &Person, target: &Person, body: Value) -> Answer {
    let path = format!("{}/impersonate", target.path());
    host.send_as("POST", &path, actor.token(), body).await
}

/// Starts an impersonation, which must be allowed, and returns its token.
async fn token_of(host: &Host, actor: &Person, target: &Person) -> String {
    let answer = impersonate(host, actor, target, json!({})).await;
    answer.assert_ok();
    answer.body["access_token"].as_str().unwrap().to_owned()
}
