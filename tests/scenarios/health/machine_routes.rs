use gatewright_tests::host::{Answer, Host};
use reqwest::Method;

/// Probes, keys and the document of the API.
#[tokio::test]
async fn machines_find_their_way() {
    let host = Host::start(&[]);
    for path in ["/healthz", "/readyz"] {
        let answer = host.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["status"]),
            (200, &"ok".into()),
            "{path}"
        );
    }
    let jwks = host.get("/.well-known/jwks.json").await;
    assert_eq!(jwks.header("cache-control"), "public, max-age=60");
    assert_eq!(jwks.body["keys"].as_array().unwrap().len(), 1);
    let document = host.get("/openapi.json").await;
    assert_eq!(document.body["openapi"], "3.1.0");
    assert!(document.body["paths"]["/auth/login"]["post"].is_object());
}

/// A request has an id, the client's own if it is plain.
#[tokio::test]
async fn every_answer_names_its_request() {
    let host = Host::start(&[]);
    let given = |id: &str| {
        Answer::of(
            host.request(Method::GET, "/healthz")
                .header("x-request-id", id),
        )
    };
    assert_eq!(given("abc-123").await.header("x-request-id"), "abc-123");
    let made = given("not plain <script>").await;
    assert!(!made.header("x-request-id").contains(' '));
    assert_ne!(
        made.header("x-request-id"),
        host.get("/nothing").await.header("x-request-id")
    );
    assert_eq!(made.header("x-content-type-options"), "nosniff");
}
