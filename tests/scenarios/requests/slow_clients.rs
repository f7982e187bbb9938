use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use gatewright_tests::host::{Answer, Host, SETUP};
use reqwest::Method;
use serde_json::{Value, json};

/// Opens a connection and sends this text.
fn sent(host: &Host, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host.base().strip_prefix("http://").unwrap()).unwrap();
    // Far longer than the test takes, so that a failing test ends too.
    let patience = Some(Duration::from_secs(120));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// Reads until the connection ends.
fn answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Returns the head of a request that announces a body of this length.
fn head(path: &str, length: usize, header: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{header}\
         content-length: {length}\r\n\r\n"
    )
}

/// Requests whose bodies don't arrive take no place in the queue for password hashing, and time out.
#[tokio::test]
async fn bodies_that_come_slowly_hold_nobody_up_and_are_ended() {
    let app = "https://app.example.com";
    let host = Host::start(&[("CORS_ORIGINS", app)]);
    host.get("/readyz").await.assert_ok();
    let origin = format!("origin: {app}\r\n");
    let begun = head("/auth/login", 100, &origin) + "{\"email\": \"";
    let slow: Vec<_> = (0..100).map(|_| sent(&host, &begun)).collect();
    host.register("ada@example.com").await;
    host.login("ada@example.com").await;
    let ended = answer(slow.into_iter().next().unwrap());
    assert!(
        ended.starts_with("HTTP/1.1 408") && ended.contains("\"request_timeout\""),
        "{ended}"
    );
    // As in every response, so that a page of that origin can read it.
    for header in [
        "access-control-allow-origin: https://app",
        "x-request-id: ",
        "x-content-type-options: ",
    ] {
        assert!(ended.to_lowercase().contains(header), "{ended}");
    }
}

/// The head decides who can send a long body, before the body is read (V8.3.2: with each request).
#[tokio::test]
async fn a_long_body_is_read_of_those_alone_who_may_send_it() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ben = host.person(&root, "ben", &["user"]).await;
    for (header, status, code) in [
        (String::new(), 401, "unauthenticated"),
        (
            "authorization: Bearer a.b.c\r\n".to_owned(),
            401,
            "token_malformed",
        ),
        ("cookie: a=b\r\n".to_owned(), 401, "unauthenticated"),
        (
            format!("authorization: Bearer {}\r\n", ben.token()),
            403,
            "forbidden",
        ),
    ] {
        // Almost nothing of the body is sent, and the response arrives nevertheless.
        let begun = head("/users/import", 1_000_000, &header) + "{\"users\": [";
        let answered = answer(sent(&host, &begun));
        assert!(
            answered.starts_with(&format!("HTTP/1.1 {status}"))
                && answered.contains(&format!("\"{code}\"")),
            "{header}: {answered}"
        );
    }
    let users: Vec<Value> = (0..40)
        .map(|n| {
            json!({
                "email": format!("u{n}@example.com"),
                "display_name": "x".repeat(64),
                "profile": {},
            })
        })
        .collect();
    let body = json!({ "users": users, "unknown": "y".repeat(400_000) }).to_string();
    assert!(body.len() > 400_000);
    let import = |token: &str| {
        let request = host
            .request(Method::POST, "/users/import")
            .bearer_auth(token)
            .header("content-type", "application/json");
        Answer::of(request.body(body.clone()))
    };
    import(ben.token()).await.assert_error(403, "forbidden");
    let made = import(root.token()).await;
    made.assert_ok();
    let results = made.body["results"].as_array().unwrap();
    assert_eq!(results.len(), 40);
    assert!(
        results.iter().all(|one| one["status"] == "created"),
        "{made:?}"
    );
    // The same without an announced length.
    let in_chunks = |token: &str| {
        let mut request = format!(
            "POST /users/import HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             authorization: Bearer {token}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        for chunk in body.as_bytes().chunks(10_000) {
            let chunk = str::from_utf8(chunk).unwrap();
            request += &format!("{:x}\r\n{chunk}\r\n", chunk.len());
        }
        answer(sent(&host, &(request + "0\r\n\r\n")))
    };
    let again = in_chunks(root.token());
    assert!(again.starts_with("HTTP/1.1 200"), "{again}");
    assert_eq!(
        again.matches("\"status\":\"exists\"").count(),
        40,
        "{again}"
    );
    let refused = in_chunks(ben.token());
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
}

/// Headers have a limit, too. Node.js, which replaces Cloudflare's edge in the tests, has a lower one.
#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let host = Host::start(&[]);
    let get = |length: usize| {
        let request = host.request(Method::GET, "/healthz");
        let half = "x".repeat(length / 2);
        Answer::of(request.header("x-one", &half).header("x-two", &half))
    };
    get(8 * 1024).await.assert_ok();
    if host.looks_behind_proxies() {
        get(31 * 1024).await.assert_ok();
        get(33 * 1024).await.assert_error(431, "headers_too_large");
    }
}
