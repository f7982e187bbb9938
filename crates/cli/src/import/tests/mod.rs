//! Shared code of the tests of `import`.

mod batches;
mod definitions;
mod records;
mod resume;
mod source;

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::progress::Progress;
use crate::fake::Script;

/// A folder with a file of `count` users.
fn users(count: usize) -> (TempDir, String) {
    let lines: String = (1..=count)
        .map(|n| format!("{{\"email\":\"u{n}@example.com\"}}\n"))
        .collect();
    folder(&lines)
}

/// A folder with a file of this text.
fn folder(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.jsonl");
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (folder, file)
}

/// A response with these statuses.
fn results(statuses: &[&str]) -> Script {
    let result = |status: &&str| match *status {
        "refused" => {
            json!({"status": "refused", "errors": [{"field": "email", "code": "format", "message": "No address."}]})
        }
        status => json!({"status": status, "id": "1"}),
    };
    let results: Vec<_> = statuses.iter().map(result).collect();
    Script::json(200, json!({"results": results}))
}

/// The addresses in the body of a request.
fn emails(body: &Value) -> Vec<String> {
    let users = body["users"].as_array().unwrap();
    let email = |user: &Value| user["email"].as_str().unwrap().to_owned();
    users.iter().map(email).collect()
}

/// The progress stored beside a file.
fn kept(file: &str) -> Option<Progress> {
    let text = fs::read(format!("{file}.progress")).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}
