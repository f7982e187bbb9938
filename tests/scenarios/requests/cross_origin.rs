use gatewright_tests::host::{Answer, Host};
use reqwest::Method;

/// Pages of configured origins can call the API; others can't, and without configuration none can.
#[tokio::test]
async fn configured_origins_are_allowed() {
    let host = Host::start(&[(
        "CORS_ORIGINS",
        "https://app.example.com, http://localhost:3000",
    )]);
    let from = |method: Method, origin: &str| {
        Answer::of(host.request(method, "/auth/login").header("origin", origin))
    };
    let allowed = from(Method::OPTIONS, "https://app.example.com").await;
    assert_eq!(allowed.status, 204);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "https://app.example.com"
    );
    assert_eq!(
        allowed.header("access-control-allow-methods"),
        "POST, OPTIONS"
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    let actual = from(Method::POST, "http://localhost:3000").await;
    assert_eq!(
        actual.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    assert_eq!(actual.header("vary"), "Origin");
    for origin in [
        "https://app.example.com.evil.example",
        "https://evil.example",
        "null",
        "http://app.example.com",
    ] {
        let answer = from(Method::OPTIONS, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        let credentials = answer.header("access-control-allow-credentials");
        assert_eq!(credentials, "", "{origin}");
    }
    let closed = Host::start(&[]);
    let request = closed
        .request(Method::OPTIONS, "/auth/login")
        .header("origin", "https://app.example.com");
    assert_eq!(
        Answer::of(request)
            .await
            .header("access-control-allow-origin"),
        ""
    );
}
