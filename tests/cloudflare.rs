//! What the Worker makes of trouble, in Cloudflare's runtime.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;

use gatewright_tests::host::{Host, PASSWORD, cloudflare};
use serde_json::json;

fn start(variables: &[(&str, &str)]) -> Host {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut command = cloudflare(folder.path());
    for (name, value) in variables {
        command.arg("--var").arg(format!("{name}={value}"));
    }
    Host::run(&mut command, folder)
}

/// Sends the beginning of a request and goes away.
fn abort(host: &Host, request: &str) {
    let address = host.base().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
}

/// Nothing that a first request began is waited for by the next.
#[tokio::test]
async fn the_service_outlives_a_first_request_that_is_aborted() {
    let host = start(&[("ARGON2_MEMORY_KIB", "64")]);
    let body = json!({"email": "eve@example.com", "password": PASSWORD}).to_string();
    let head = format!(
        "POST /auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    abort(&host, &format!("{head}{}", &body[..10]));
    abort(&host, &format!("{head}{body}"));
    abort(
        &host,
        "GET /auth/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a.b.c\r\n\r\n",
    );
    host.register("ada@example.com").await;
    let session = host.login("ada@example.com").await;
    host.get_as("/auth/me", &session.access_token)
        .await
        .assert_ok();
}

/// What waits for a password hash is bounded; the rest is told to come back, and light requests go on.
#[tokio::test]
async fn password_hashes_wait_in_order_and_no_more_than_the_bound() {
    let host = start(&[
        ("MAX_WAITING_HASHES", "4"),
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ]);
    host.register("ada@example.com").await;
    let login = || {
        host.post(
            "/auth/login",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
    };
    let answers = futures::future::join_all((0..60).map(|_| login())).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.assert_error(503, "unavailable");
        assert!(!answer.header("retry-after").is_empty());
    }
    // Three places at the default memory of a hash, and four that wait.
    assert!((7..60).contains(&served), "{served}");
    host.login("ada@example.com").await;
}

#[tokio::test]
async fn a_wrong_variable_is_named_in_the_log_and_answered_in_the_error_form() {
    let host = start(&[("JWT_ALGORITHM", "none")]);
    host.get("/auth/me").await.assert_error(503, "unavailable");
    host.wait_for_log("JWT_ALGORITHM");
}
