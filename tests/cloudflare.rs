//! How the Worker handles failures and overload, in Cloudflare's runtime.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use gatewright_tests::host::{Answer, Host, PASSWORD, cloudflare, worker_kit};
use reqwest::Method;
use serde_json::{Value, json};

fn start(variables: &[(&str, &str)]) -> Host {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut command = cloudflare(folder.path());
    for (name, value) in variables {
        command.arg("--var").arg(format!("{name}={value}"));
    }
    Host::run(&mut command, folder)
}

/// Sends the beginning of a request and disconnects.
fn abort(host: &Host, request: &str) {
    let address = host.base().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
}

/// A request never waits for work that an earlier one began.
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

/// The queue for password hashing is bounded; further requests are asked to retry, and cheap requests continue.
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
    // Three run at the default memory cost of a hash, and four wait.
    assert!((7..60).contains(&served), "{served}");
    host.login("ada@example.com").await;
}

#[tokio::test]
async fn a_wrong_variable_is_named_in_the_log_and_answered_in_the_error_form() {
    let app = "https://app.example.com";
    let host = start(&[("JWT_ALGORITHM", "none"), ("CORS_ORIGINS", app)]);
    let asked = host.request(Method::GET, "/auth/me").header("origin", app);
    let answer = Answer::of(asked).await;
    answer.assert_error(503, "unavailable");
    // As in every response, so that pages of that origin can read it.
    assert_eq!(answer.header("access-control-allow-origin"), app);
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("retry-after"), "{answer:?}");
    assert_ne!(answer.header("x-request-id"), "");
    host.wait_for_log("JWT_ALGORITHM");
}

/// A panic returns an error in the usual form, also for concurrent requests in the same memory; the next request is
/// served.
#[tokio::test]
async fn after_a_trap_the_next_request_is_served() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let host = Host::run(&mut worker_kit(folder.path()), folder);
    let works = || host.post("/check", json!([1]));
    assert_eq!(works().await.body, json!({"Ok": null}));
    let waiting = host.post("/wait", json!([]));
    let trapping = async {
        // Both are running by now.
        works().await;
        host.post("/trap", json!([])).await
    };
    let (waited, trapped) = futures::join!(waiting, trapping);
    waited.assert_error(500, "internal_error");
    trapped.assert_error(500, "internal_error");
    assert_eq!(trapped.header("x-content-type-options"), "nosniff");
    assert_ne!(trapped.header("x-request-id"), "");
    assert_eq!(works().await.body, json!({"Ok": null}));
    host.wait_for_log("as asked");
}

/// Ended sessions are published for verifiers at the edge until their tokens expire. The service itself does not use
/// this list.
#[tokio::test]
async fn ended_sessions_are_published_in_kv_and_stale_kv_decides_nothing() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut command = cloudflare(folder.path());
    let variables = [
        "ARGON2_MEMORY_KIB=64",
        "ARGON2_ITERATIONS=1",
        "LOGIN_ATTEMPTS_PER_ACCOUNT=5",
        "SINGLE_SESSION=true",
    ];
    for variable in variables {
        command.args(["--var", variable]);
    }
    let host = Host::run(command.arg("--inspect"), folder);
    let kv = |method, key: &str, value: Value| {
        Answer::of(host.request(method, &format!("/__kv/{key}")).json(&value))
    };
    let published = || async { kv(Method::GET, "revoked:", Value::Null).await.body };

    let first = host.register("ada@example.com").await;
    let sid = |body: &Value| body["session_id"].as_str().unwrap().to_owned();
    let of_first = sid(&host.get_as("/auth/me", &first.access_token).await.body);
    assert_eq!(published().await, json!([]));
    // The second session replaces the first; both end together.
    let second = host.login("ada@example.com").await;
    let of_second = sid(&host.get_as("/auth/me", &second.access_token).await.body);
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap();
        list.iter()
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect()
    };
    // Written after the response, so possibly delayed.
    let mut list = published().await;
    while list == json!([]) {
        list = published().await;
    }
    assert_eq!(names(&list), [format!("revoked:{of_first}")]);
    let value: Value = serde_json::from_str(list[0]["value"].as_str().unwrap()).unwrap();
    let until = value["until"].as_u64().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    // The lifetime of an access token.
    assert!((now + 805..=now + 905).contains(&until), "{until}");
    assert!(list[0]["expiration"].as_u64().unwrap() >= until - 1);

    // KV lacks an ended session that the database has.
    kv(Method::DELETE, &format!("revoked:{of_first}"), Value::Null).await;
    host.get_as("/auth/me", &first.access_token)
        .await
        .assert_error(401, "session_ended");
    host.refresh(&first.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    // KV lists a session as ended that is still active.
    kv(
        Method::PUT,
        &format!("revoked:{of_second}"),
        json!({"until": until}),
    )
    .await;
    host.get_as("/auth/me", &second.access_token)
        .await
        .assert_ok();
    let third = host.refresh(&second.refresh_token).await;
    third.assert_ok();
    // KV stores no refresh tokens and no counters, before and after their use.
    let names = names(&kv(Method::GET, "", Value::Null).await.body);
    assert_eq!(names, [format!("revoked:{of_second}")]);
}

#[tokio::test]
async fn the_binding_sends_mail() {
    let host = start(&[
        ("EMAIL_PROVIDER", "cloudflare"),
        ("EMAIL_FROM", "Gatewright <auth@example.com>"),
        ("REFRESH_TOKEN_GRACE_SECONDS", "0"),
    ]);
    let session = host.register("ada@example.com").await;
    host.use_twice(&session).await;
    host.wait_for_log("send_email binding called");
    host.wait_for_log("ada@example.com");
}

/// All request bodies together use a bounded part of the isolate's memory. Beyond it clients are asked to retry; they
/// are served once there is room.
#[tokio::test]
async fn bodies_under_way_take_a_bounded_memory() {
    let host = start(&[("BODY_MEMORY_MIB", "4"), ("ARGON2_MEMORY_KIB", "64")]);
    host.get("/readyz").await.assert_ok();
    let address = host.base().strip_prefix("http://").unwrap();
    let sent = 60_000;
    let begun = format!(
        "POST /auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{}",
        sent + 1000,
        "x".repeat(sent)
    );
    let begin = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(begun.as_bytes()).unwrap();
        stream
    };
    let slow: Vec<_> = (0..100).map(begin).collect();
    let mut refused = 0;
    for mut stream in slow {
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap();
        match &begin {
            b"HTTP/1.1 503" => refused += 1,
            begin => assert_eq!(begin, b"HTTP/1.1 408"),
        }
    }
    // 4 MiB are enough for 69 of them.
    assert!((31..100).contains(&refused), "{refused} were refused");
    // On a new connection, because the edge has closed the first, idle one.
    let register = reqwest::Client::new().post(format!("{}/auth/register", host.base()));
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(Answer::of(register.json(&body)).await.status, 201);
}
