//! Requests to a host, and the user that sends them.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::process::output;

const PASSWORD: &str = "correct horse battery staple";
/// The number of tokens. They are used in turn, so that no figure depends on a single one.
pub(super) const TOKENS: usize = 200;

pub(super) fn curl(arguments: &[&str]) -> Result<Value> {
    let text = output(
        Command::new("curl")
            .args(["-sS", "--fail-with-body", "--max-time", "10"])
            .args(arguments),
    )
    .with_context(|| format!("curl {} failed", arguments.join(" ")))?;
    serde_json::from_str(&text).context("the response is not JSON")
}

pub(super) fn post(url: &str, body: &Value) -> Result<Value> {
    curl(&[
        "-H",
        "content-type: application/json",
        "-d",
        &body.to_string(),
        url,
    ])
}

pub(super) fn login_body() -> Value {
    json!({"email": "user0@example.com", "password": PASSWORD})
}

pub(super) fn login(base: &str) -> Result<Value> {
    post(&format!("{base}/auth/login"), &login_body())
}

/// The settings that create an administrator.
pub(super) const ADMINISTRATOR: [(&str, &str); 2] = [
    ("ADMIN_EMAIL", "admin@example.com"),
    ("ADMIN_PASSWORD", PASSWORD),
];

/// Returns an access token of the administrator.
pub(super) fn administrator_token(base: &str) -> Result<String> {
    let [(_, email), (_, password)] = ADMINISTRATOR;
    let body = json!({"email": email, "password": password});
    access_token(&post(&format!("{base}/auth/login"), &body)?)
}

fn access_token(answer: &Value) -> Result<String> {
    Ok(answer["access_token"]
        .as_str()
        .context("a token")?
        .to_owned())
}

/// Registers the user, and returns the access tokens of many sessions.
pub(super) fn sign_in(base: &str) -> Result<Vec<String>> {
    post(&format!("{base}/auth/register"), &login_body())?;
    (0..TOKENS).map(|_| access_token(&login(base)?)).collect()
}
