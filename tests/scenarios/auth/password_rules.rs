use gatewright_tests::host::Host;
use serde_json::json;

/// V6.2.1, V6.2.4, V6.2.5, V6.2.9: passwords are checked for length and common passwords, not for kinds of characters.
#[tokio::test]
async fn weak_common_and_over_long_passwords_are_refused() {
    let host = Host::start(&[]);
    let long = "x".repeat(129);
    for (password, rule) in [
        ("", "password required"),
        ("s3cr&t~", "password too_short"),
        ("ünïcödé", "password too_short"),
        (long.as_str(), "password too_long"),
        ("password1", "password common_password"),
        ("PassWord1", "password common_password"),
        ("1234567890", "password common_password"),
    ] {
        let answer = host
            .post(
                "/auth/register",
                json!({"email": "ada@example.com", "password": password}),
            )
            .await;
        answer.assert_error(422, "validation_failed");
        assert_eq!(answer.broken_rules(), [rule], "{password}");
        assert!(password.is_empty() || !answer.text.contains(password));
    }
    for (index, password) in [
        "aaaaaaaaaaaaaaab",
        "        ~~~~        ",
        &"y".repeat(128),
        "пароль-пароль",
        "\u{1f98a}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f98a}\u{1f40e}\u{1f50b}\u{1f4ce}",
    ]
    .iter()
    .enumerate()
    {
        let body = json!({"email": format!("user{index}@example.com"), "password": password});
        assert_eq!(
            host.post("/auth/register", body.clone()).await.status,
            201,
            "{password}"
        );
        assert_eq!(
            host.post("/auth/login", body).await.status,
            200,
            "{password}"
        );
    }
}

/// V6.2.8: the password is used unchanged, to the last character and including spaces.
#[tokio::test]
async fn a_password_is_compared_whole() {
    let host = Host::start(&[]);
    let password = format!("{}A ", "z".repeat(100));
    let with = |password: &str| json!({"email": "ada@example.com", "password": password});
    assert_eq!(
        host.post("/auth/register", with(&password)).await.status,
        201
    );
    assert_eq!(host.post("/auth/login", with(&password)).await.status, 200);
    for wrong in [
        password.trim_end(),
        &password.to_lowercase(),
        &password[..72],
        &format!("{password} "),
    ] {
        host.post("/auth/login", with(wrong))
            .await
            .assert_error(401, "invalid_credentials");
    }
}

/// All broken rules are reported together.
#[tokio::test]
async fn all_broken_rules_are_reported_together() {
    let host = Host::start(&[]);
    let answer = host
        .post(
            "/auth/register",
            json!({"username": "x", "display_name": "a\u{7}"}),
        )
        .await;
    answer.assert_error(422, "validation_failed");
    let rules = [
        "email required",
        "password required",
        "username too_short",
        "display_name invalid_format",
    ];
    assert_eq!(answer.broken_rules(), rules);
}
