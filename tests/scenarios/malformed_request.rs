use gatewright_tests::host::{Answer, Host};
use reqwest::Method;
use serde_json::json;

const JSON_ROUTES: [&str; 3] = ["/auth/register", "/auth/login", "/auth/refresh"];

/// What is not JSON gets one form of error, and never a word of the inside.
#[tokio::test]
async fn malformed_json_is_refused() {
    let host = Host::start(&[]);
    for path in JSON_ROUTES {
        for body in [
            "",
            "{",
            "nonsense",
            "{\"email\": \"a@example.com\"",
            "{} {}",
            "\u{feff}{}",
            "{'a': 1}",
        ] {
            if body.is_empty() && path == "/auth/refresh" {
                // It takes the cookie then.
                continue;
            }
            let request = host
                .request(Method::POST, path)
                .header("content-type", "application/json")
                .body(body);
            Answer::of(request)
                .await
                .assert_error(400, "malformed_json");
        }
        let deep = "[".repeat(10_000);
        let request = host
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(deep);
        let answer = Answer::of(request).await;
        assert!(answer.status == 400 || answer.status == 422, "{answer:?}");
    }
}

/// Fields of another type, and fields that stand twice, are named.
#[tokio::test]
async fn fields_of_another_type_are_refused() {
    let host = Host::start(&[]);
    for (path, body, rule) in [
        (
            "/auth/register",
            "{\"email\": 1, \"password\": \"x\"}",
            "email invalid_type",
        ),
        ("/auth/register", "{\"email\": null}", "email invalid_type"),
        (
            "/auth/register",
            "{\"username\": [\"a\"]}",
            "username invalid_type",
        ),
        ("/auth/register", "[]", " invalid_type"),
        (
            "/auth/login",
            "{\"password\": {\"$ne\": 1}}",
            "password invalid_type",
        ),
        (
            "/auth/refresh",
            "{\"refresh_token\": true}",
            "refresh_token invalid_type",
        ),
        ("/auth/refresh", "\"token\"", " invalid_type"),
    ] {
        let request = host
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body);
        let answer = Answer::of(request).await;
        answer.assert_error(422, "validation_failed");
        assert_eq!(answer.broken_rules(), [rule], "{body}");
    }
    let twice = "{\"email\": \"a@example.com\", \"email\": \"b@example.com\", \"password\": \"x\"}";
    let request = host
        .request(Method::POST, "/auth/login")
        .header("content-type", "application/json")
        .body(twice);
    Answer::of(request)
        .await
        .assert_error(422, "validation_failed");
    let both = json!({"email": "a@example.com", "username": "a", "password": "x"});
    assert_eq!(
        host.post("/auth/login", both).await.broken_rules(),
        ["username ambiguous"]
    );
    assert_eq!(
        host.post("/auth/login", json!({"password": "x"}))
            .await
            .broken_rules(),
        ["email required"]
    );
    assert_eq!(
        host.post("/auth/login", json!({"email": "a@b.c"}))
            .await
            .broken_rules(),
        ["password required"]
    );
    assert_eq!(
        host.post("/auth/refresh", json!({})).await.broken_rules(),
        ["refresh_token required"]
    );
}

/// Other content types are refused before the body is looked at.
#[tokio::test]
async fn other_content_types_are_refused() {
    let host = Host::start(&[]);
    for path in JSON_ROUTES {
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "",
        ] {
            let request = host
                .request(Method::POST, path)
                .header("content-type", content_type)
                .body("{}");
            Answer::of(request)
                .await
                .assert_error(415, "unsupported_media_type");
        }
        Answer::of(host.request(Method::POST, path).body("{}"))
            .await
            .assert_error(415, "unsupported_media_type");
        let request = host
            .request(Method::POST, path)
            .header("content-type", "Application/JSON; charset=utf-8")
            .body("{}");
        Answer::of(request)
            .await
            .assert_error(422, "validation_failed");
    }
}

/// A body beyond the limit is refused, whether its length is announced or not.
#[tokio::test]
async fn an_oversized_body_is_refused() {
    let host = Host::start(&[]);
    let body = json!({"email": "ada@example.com", "password": "x".repeat(70_000)}).to_string();
    for path in JSON_ROUTES {
        let request = host
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body.clone());
        Answer::of(request)
            .await
            .assert_error(413, "payload_too_large");
    }
    let request = host.request(Method::POST, "/auth/token").body(body);
    assert_eq!(Answer::of(request).await.status, 413);
}
