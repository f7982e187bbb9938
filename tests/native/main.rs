//! How the native host handles failures: wrong settings, faulty components, overloaded networks, signals.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

mod backup;
mod compile;
mod copy;
mod faulty_guest;
mod healthcheck;
mod help;
mod identity_peers;
mod load;
mod mail;
mod network;
mod provider;
mod secrets;
mod settings;
mod shutdown;
mod upgrade;

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Output};

use gatewright_tests::host::{Host, PASSWORD};
use serde_json::json;

const KEY: (&str, &str) = ("SECRET_KEY", "0123456789abcdef0123456789abcdef");

/// Starts a host that must fail to start, and returns its output.
fn refused(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(!status.success(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

/// Runs a command that must succeed, and returns its output.
fn succeeds(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Sends the first half of a registration and returns the connection.
fn half_a_request(host: &Host, email: &str) -> (TcpStream, String) {
    let body = json!({"email": email, "password": PASSWORD}).to_string();
    let mut stream = TcpStream::connect(host.base().strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /auth/register HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let (first, second) = body.split_at(body.len() / 2);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    (stream, second.to_owned())
}
