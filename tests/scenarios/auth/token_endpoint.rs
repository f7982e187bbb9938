use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;

async fn token(host: &Host, parameters: &[(&str, &str)]) -> Answer {
    let body: String = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace('@', "%40").replace(' ', "+")))
        .collect::<Vec<_>>()
        .join("&");
    let request = host.request(Method::POST, "/auth/token");
    Answer::of(
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body),
    )
    .await
}

#[track_caller]
fn assert_oauth_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(answer.body["error"], error, "{answer:?}");
    assert!(answer.body["error_description"].is_string(), "{answer:?}");
}

/// RFC 6749 sections 4.3 and 6: the request of the Authorize button in API docs.
#[tokio::test]
async fn the_password_and_refresh_token_grants_work() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    let password = [
        ("grant_type", "password"),
        ("username", "ada@example.com"),
        ("password", PASSWORD),
        ("scope", ""),
    ];
    let answer = token(&host, &password).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        ("no-store", "no-cache")
    );
    let tokens = Tokens::of(&answer.body);
    assert_eq!(
        host.get_as("/auth/me", &tokens.access_token).await.status,
        200
    );
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token.as_str()),
    ];
    assert_eq!(token(&host, &refresh).await.status, 200);
}

/// RFC 6749 section 5.2: errors in OAuth's form.
#[tokio::test]
async fn errors_are_in_the_form_of_oauth() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    for (parameters, error) in [
        (
            &[
                ("grant_type", "password"),
                ("username", "ada@example.com"),
                ("password", "wrong"),
            ][..],
            "invalid_grant",
        ),
        (
            &[
                ("grant_type", "password"),
                ("username", "nobody@example.com"),
                ("password", "wrong"),
            ],
            "invalid_grant",
        ),
        (
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", "nonsense"),
            ],
            "invalid_grant",
        ),
        (
            &[("grant_type", "password"), ("username", "ada@example.com")],
            "invalid_request",
        ),
        (
            &[
                ("grant_type", "password"),
                ("username", "a"),
                ("username", "b"),
                ("password", "x"),
            ],
            "invalid_request",
        ),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (
            &[("username", "ada@example.com"), ("password", PASSWORD)],
            "invalid_request",
        ),
        (
            &[("grant_type", "client_credentials")],
            "unsupported_grant_type",
        ),
        (&[("grant_type", "")], "invalid_request"),
    ] {
        assert_oauth_error(&token(&host, parameters).await, 400, error);
    }
    let many: Vec<_> = (0..40).map(|index| format!("p{index}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
    assert_oauth_error(&token(&host, &many).await, 400, "invalid_request");
    let json = host
        .request(Method::POST, "/auth/token")
        .header("content-type", "application/json")
        .body("{}");
    assert_oauth_error(&Answer::of(json).await, 400, "invalid_request");
}

/// V10.4.4: the password grant can be disabled, and is disabled with the compatibility paths; refreshing still works.
#[tokio::test]
async fn the_password_grant_can_be_switched_off() {
    let form = [
        ("grant_type", "password"),
        ("username", "ada@example.com"),
        ("password", PASSWORD),
    ];
    for setting in [
        ("COMPATIBILITY_ROUTES", "false"),
        ("PASSWORD_GRANT", "false"),
    ] {
        let host = Host::start(&[setting]);
        let session = host.register("ada@example.com").await;
        assert_oauth_error(&token(&host, &form).await, 400, "unsupported_grant_type");
        for path in ["/token", "/auth/jwt/login"] {
            let answer = Answer::of(host.request(Method::POST, path).form(&form)).await;
            assert!([400, 404].contains(&answer.status.as_u16()), "{answer:?}");
        }
        let refresh = [
            ("grant_type", "refresh_token"),
            ("refresh_token", session.refresh_token.as_str()),
        ];
        token(&host, &refresh).await.assert_ok();
        host.login("ada@example.com").await;
    }
    let both = [
        ("COMPATIBILITY_ROUTES", "false"),
        ("PASSWORD_GRANT", "true"),
    ];
    let host = Host::start(&both);
    host.register("ada@example.com").await;
    token(&host, &form).await.assert_ok();
}
