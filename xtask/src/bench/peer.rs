//! The peer: a service on Node.js without a database.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::client::TOKENS;
use crate::process::root;
use crate::running::Running;

/// Starts the peer. Returns its URL and its tokens.
pub(super) fn start_peer() -> Result<(Running, String, Vec<String>)> {
    let mut child = Command::new("node")
        .args(["peer.mjs", &TOKENS.to_string()])
        .current_dir(root().join("tests/javascript"))
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("the peer's output")?).read_line(&mut line)?;
    let said: Value = serde_json::from_str(&line).context("the peer did not start")?;
    let tokens = said["tokens"].as_array().context("tokens")?;
    let tokens = tokens
        .iter()
        .filter_map(|token| token.as_str().map(str::to_owned))
        .collect();
    Ok((
        Running::new(child),
        format!("http://127.0.0.1:{}", said["port"]),
        tokens,
    ))
}
