//! Responses that are sent before routing have the headers of all responses, so that pages of other origins can read
//! them.

use gatewright_tests::host::{Answer, Host};
use reqwest::Method;
use serde_json::json;

const APP: &str = "https://app.example.com";

#[track_caller]
fn assert_finished(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), APP);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let exposed = answer.header("access-control-expose-headers");
    for name in ["retry-after", "x-request-id"] {
        assert!(exposed.contains(name), "{answer:?}");
    }
    assert_eq!(answer.header("vary"), "Origin");
    assert_eq!(answer.header("x-request-id"), "asked-1");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// Bodies and headers beyond their limits, unknown paths and methods, and rate limits.
#[tokio::test]
async fn pages_read_what_is_refused_early() {
    let host = Host::start(&[("CORS_ORIGINS", APP), ("LOGIN_ATTEMPTS_PER_IP", "1")]);
    let request = |method: Method, path: &str| {
        let request = host.request(method, path).header("origin", APP);
        request.header("x-request-id", "asked-1")
    };
    let login = |password: &str| {
        let body = json!({"email": "ada@example.com", "password": password});
        Answer::of(request(Method::POST, "/auth/login").json(&body))
    };
    assert_finished(&login(&"x".repeat(70_000)).await, 413);
    let form = request(Method::POST, "/auth/token").body("x".repeat(70_000));
    assert_finished(&Answer::of(form).await, 413);
    assert_finished(&Answer::of(request(Method::GET, "/nothing")).await, 404);
    assert_finished(&Answer::of(request(Method::PUT, "/auth/login")).await, 405);
    login("wrong").await.assert_error_code(401);
    let limited = login("wrong").await;
    assert_finished(&limited, 429);
    assert_ne!(limited.header("retry-after"), "");
}

/// Too many headers are refused by the service itself, and not by the server in front of it.
#[tokio::test]
async fn many_headers_are_refused_as_everything_is() {
    let host = Host::start(&[("CORS_ORIGINS", APP)]);
    let with = |count: usize| {
        let request = host.request(Method::GET, "/healthz").header("origin", APP);
        let request = request.header("x-request-id", "asked-1");
        Answer::of((0..count).fold(request, |request, n| request.header(format!("x-{n}"), "")))
    };
    with(200).await.assert_ok();
    let refused = with(300).await;
    assert_finished(&refused, 431);
    refused.assert_error(431, "headers_too_large");
}
