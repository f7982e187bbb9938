use gatewright_tests::host::{Answer, Host};
use reqwest::Method;

/// Unknown paths and methods get an error in the usual form; a known path lists its methods.
#[tokio::test]
async fn unknown_routes_and_methods_are_refused() {
    let host = Host::start(&[]);
    for path in [
        "/nothing",
        "/auth",
        "/auth/login/",
        "/auth//login",
        "/AUTH/LOGIN",
        "/%2e%2e/etc/passwd",
        "/.env",
    ] {
        host.get(path).await.assert_error(404, "not_found");
    }
    for (method, path, allow) in [
        (Method::GET, "/auth/login", "POST, OPTIONS"),
        (Method::DELETE, "/auth/me", "GET, HEAD, OPTIONS"),
        (Method::PUT, "/auth/register", "POST, OPTIONS"),
        (
            Method::from_bytes(b"BREW").unwrap(),
            "/healthz",
            "GET, HEAD, OPTIONS",
        ),
    ] {
        if path == "/healthz" && !host.takes_any_method() {
            continue;
        }
        let answer = Answer::of(host.request(method, path)).await;
        answer.assert_error(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allow);
    }
    let head = Answer::of(host.request(Method::HEAD, "/healthz")).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(host.get("/healthz?probe=1").await.status, 200);
}
