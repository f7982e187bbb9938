use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

const FIELDS: &str = r#"[{"name": "company", "required": true, "max_length": 20}, {"name": "age", "type": "integer"},
    {"name": "tier", "editable_by": "admin"}]"#;

/// Declared fields are validated at registration and at changes, and are returned.
#[tokio::test]
async fn declared_fields_are_checked_stored_and_returned() {
    let host = Host::start(&[("PROFILE_FIELDS", FIELDS)]);
    let register = |profile: Value| {
        let body = json!({"email": "ada@example.com", "password": PASSWORD, "profile": profile});
        host.post("/auth/register", body)
    };
    let missing = host.post(
        "/auth/register",
        json!({"email": "ada@example.com", "password": PASSWORD}),
    );
    assert_eq!(missing.await.broken_rules(), ["profile.company required"]);
    let mut wrong = register(json!({"company": 5, "age": "x", "tier": "gold", "other": 1}))
        .await
        .broken_rules();
    wrong.sort();
    assert_eq!(
        wrong,
        [
            "profile.age invalid_type",
            "profile.company invalid_type",
            "profile.other unknown_field",
            "profile.tier read_only"
        ]
    );
    let registered = register(json!({"company": "Analytical Engines", "age": 36})).await;
    assert_eq!(registered.status, 201);
    let profile = json!({"company": "Analytical Engines", "age": 36});
    assert_eq!(registered.body["profile"], profile);
    let token = Tokens::of(&registered.body["tokens"]).access_token;
    for path in ["/auth/me", "/users/me", "/account"] {
        assert_eq!(
            host.get_as(path, &token).await.body["profile"],
            profile,
            "{path}"
        );
    }

    let update = |body: Value| host.send_as("PATCH", "/account", &token, body);
    let changed =
        update(json!({"profile": {"age": null}, "display_name": "Ada", "username": "ada"})).await;
    changed.assert_ok();
    assert_eq!(
        changed.body["profile"],
        json!({"company": "Analytical Engines"})
    );
    assert_eq!(
        (&changed.body["display_name"], &changed.body["username"]),
        (&json!("Ada"), &json!("ada"))
    );
    let emptied = update(json!({"display_name": null, "username": ""})).await;
    assert_eq!(
        (&emptied.body["display_name"], &emptied.body["username"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(update(json!({})).await.status, 200);
    assert_eq!(
        update(json!({"profile": {"company": null}}))
            .await
            .broken_rules(),
        ["profile.company required"]
    );
    assert_eq!(
        update(json!({"profile": {"tier": "gold"}}))
            .await
            .broken_rules(),
        ["profile.tier read_only"]
    );
    assert_eq!(
        update(json!({"profile": 5})).await.broken_rules(),
        ["profile invalid_type"]
    );
    assert_eq!(
        update(json!({"username": "x"})).await.broken_rules(),
        ["username too_short"]
    );
    update(json!({"display_name": "x".repeat(70_000)}))
        .await
        .assert_error(413, "payload_too_large");

    host.register_with(
        json!({"email": "bob@example.com", "username": "bob", "profile": {"company": "B"}}),
    )
    .await;
    update(json!({"username": "BOB"}))
        .await
        .assert_error(409, "username_taken");
}

/// Concurrent changes of different fields are all kept.
#[tokio::test]
async fn concurrent_changes_lose_nothing() {
    let fields: Vec<_> = (0..6)
        .map(|n| json!({"name": format!("f{n}"), "type": "integer"}))
        .collect();
    let fields = Value::from(fields).to_string();
    let host = Host::start(&[("PROFILE_FIELDS", &fields)]);
    let token = host.register("ada@example.com").await.access_token;
    let change = |n: usize| {
        let profile = json!({"profile": {format!("f{n}"): n}});
        host.send_as("PATCH", "/account", &token, profile)
    };
    let answers = futures::future::join_all((0..4).map(change)).await;
    let stored = host.get_as("/account", &token).await.body["profile"].clone();
    for (n, answer) in answers.iter().enumerate() {
        // A change that lost too many races is refused, and stores nothing.
        let there = stored.get(format!("f{n}")).is_some();
        assert_eq!(there, answer.status == 200, "{answers:?} {stored}");
    }
    assert!(answers.iter().filter(|answer| answer.status == 200).count() >= 3);
}

/// Deleting the account requires the password, and leaves no data.
#[tokio::test]
async fn a_deleted_account_is_gone() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let session = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    let other = host.login("ada@example.com").await;
    let delete = |body: Value| host.send_as("DELETE", "/account", &session.access_token, body);
    delete(json!({"password": "not the right one"}))
        .await
        .assert_error(403, "wrong_password");
    delete(json!({}))
        .await
        .assert_error(422, "validation_failed");
    assert_eq!(delete(json!({"password": PASSWORD})).await.status, 204);
    assert_eq!(mail.next().message["kind"], "account_deleted");
    for tokens in [&session, &other] {
        host.get_as("/auth/me", &tokens.access_token)
            .await
            .assert_error(401, "session_ended");
        host.refresh(&tokens.refresh_token)
            .await
            .assert_error(401, "invalid_refresh_token");
    }
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    host.post("/auth/login", login)
        .await
        .assert_error(401, "invalid_credentials");
    delete(json!({"password": PASSWORD}))
        .await
        .assert_error(401, "session_ended");
    host.register("ada@example.com").await;
}

/// Every route that writes, with missing, mistyped, unknown and huge fields: returns a clear error and stays intact.
#[tokio::test]
async fn every_write_route_takes_bad_input() {
    let host = Host::start(&[
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
        ("MAILS_PER_ADDRESS", "0"),
    ]);
    let token = host.register("ada@example.com").await.access_token;
    let unknown = "A".repeat(43);
    let reset = format!("/auth/reset-password/{unknown}");
    let verify = format!("/auth/verify/{unknown}");
    for (method, path) in [
        ("POST", "/auth/register"),
        ("POST", "/auth/login"),
        ("POST", "/auth/login/mfa"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/verify/resend"),
        ("POST", &verify),
        ("POST", "/auth/forgot-password"),
        ("POST", &reset),
        ("POST", "/auth/2fa/verify"),
        ("POST", "/auth/2fa/disable"),
        ("POST", "/auth/2fa/recovery-codes"),
        ("PATCH", "/account"),
        ("DELETE", "/account"),
        ("POST", "/account/change-password"),
        ("POST", "/account/change-email"),
    ] {
        let huge = "x".repeat(60_000);
        let fields = [
            "email",
            "username",
            "password",
            "display_name",
            "profile",
            "transport",
            "totp_code",
            "mfa_token",
            "code",
            "refresh_token",
            "token",
            "current_password",
            "new_password",
        ];
        let all = |value: Value| {
            Value::Object(
                fields
                    .iter()
                    .map(|name| ((*name).to_owned(), value.clone()))
                    .collect(),
            )
        };
        let one_huge = |name: &str| json!({name: huge});
        let mut bodies = vec![
            json!({}),
            json!([]),
            json!("x"),
            json!(null),
            all(json!(5)),
            all(json!([])),
            all(json!({"a": []})),
            all(json!("")),
        ];
        bodies.extend(fields.map(one_huge));
        for body in bodies {
            let answer = host.send_as(method, path, &token, body.clone()).await;
            let text = body.to_string();
            let shown = &text[..text.len().min(100)];
            let empty_update = method == "PATCH" && answer.status == 200;
            let accepted = answer.status == 202;
            let client_error =
                answer.status.is_client_error() && answer.body["error"]["code"].is_string();
            assert!(
                empty_update || accepted || client_error,
                "{method} {path} {shown}: {answer:?}"
            );
        }
        for raw in [
            "{",
            "{\"email\": \"a\", \"email\": \"b\"}",
            "\u{feff}{}",
            "[[[[",
        ] {
            let request = host
                .request(Method::from_bytes(method.as_bytes()).unwrap(), path)
                .bearer_auth(&token)
                .header("content-type", "application/json")
                .body(raw);
            let answer = Answer::of(request).await;
            assert!(
                answer.status.is_client_error() || answer.status == 200,
                "{method} {path} {raw}: {answer:?}"
            );
        }
        let form = host
            .request(Method::from_bytes(method.as_bytes()).unwrap(), path)
            .bearer_auth(&token)
            .form(&[("email", "a@example.com")]);
        Answer::of(form)
            .await
            .assert_error(415, "unsupported_media_type");
    }
    host.login("ada@example.com").await;
}
