use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

/// The paths of fastapi-users and other systems work like the native ones.
#[tokio::test]
async fn clients_of_other_systems_keep_working() {
    let mail = MailService::start();
    let host = mail.host(&[]);
    let person = |email: &str| json!({"email": email, "password": PASSWORD});
    for (path, email) in [
        ("/register", "ada@example.com"),
        ("/auth/signup", "bob@example.com"),
    ] {
        let answer = host.post(path, person(email)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Tokens::of(&answer.body["tokens"]);
    }
    let verify_ada = mail.link("verify_email", "ada@example.com");
    mail.link("verify_email", "bob@example.com");
    let form = |path: &str| {
        let form = [("username", "ada@example.com"), ("password", PASSWORD)];
        Answer::of(host.request(Method::POST, path).form(&form))
    };
    for path in ["/token", "/auth/jwt/login"] {
        let tokens = Tokens::of(&form(path).await.body);
        host.get_as("/users/me", &tokens.access_token)
            .await
            .assert_ok();
        let refreshed = host
            .post(
                "/token/refresh",
                json!({"refresh_token": tokens.refresh_token}),
            )
            .await;
        let tokens = Tokens::of(&refreshed.body);
        let out = if path == "/token" {
            "/logout"
        } else {
            "/auth/jwt/logout"
        };
        assert_eq!(host.post_as(out, &tokens.access_token).await.status, 204);
        host.get_as("/auth/me", &tokens.access_token)
            .await
            .assert_error(401, "session_ended");
    }

    // As in the documentation of fastapi-users.
    let multipart = |path: &str| {
        let part = |name, value| {
            format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields = part("username", "ada@example.com") + &part("password", PASSWORD);
        let request = host.request(Method::POST, path);
        let request = request.header("content-type", "multipart/form-data; boundary=b0");
        Answer::of(request.body(format!("{fields}--b0--\r\n")))
    };
    for path in ["/token", "/auth/jwt/login"] {
        let tokens = Tokens::of(&multipart(path).await.body);
        host.get_as("/users/me", &tokens.access_token)
            .await
            .assert_ok();
    }
    assert_eq!(multipart("/auth/cookie/login").await.status, 204);
    let ours = multipart("/auth/token").await;
    assert_eq!(
        (ours.status.as_u16(), &ours.body["error"]),
        (400, &json!("invalid_request"))
    );

    let cookie = form("/auth/cookie/login").await;
    assert_eq!(cookie.status, 204);
    let pair = cookie
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert!(pair.starts_with("__Host-session=s_"), "{pair}");
    let with_cookie = |method: Method, path: &str| {
        let request = host.request(method, path).header("cookie", &pair);
        Answer::of(request.header("sec-fetch-site", "same-origin"))
    };
    with_cookie(Method::GET, "/users/me").await.assert_ok();
    assert_eq!(
        with_cookie(Method::POST, "/auth/cookie/logout")
            .await
            .status,
        204
    );
    with_cookie(Method::GET, "/users/me")
        .await
        .assert_error(401, "session_ended");
    // Any page can send a form, so pages of other sites must not sign a user in to another account.
    let foreign = host
        .request(Method::POST, "/auth/cookie/login")
        .header("sec-fetch-site", "cross-site")
        .form(&[("username", "ada@example.com"), ("password", PASSWORD)]);
    let foreign = Answer::of(foreign).await;
    foreign.assert_error_code(403);
    assert!(foreign.headers.get("set-cookie").is_none());

    let ask = json!({"email": "ada@example.com"});
    assert_eq!(
        host.post("/auth/request-verify-token", ask.clone())
            .await
            .status,
        202
    );
    let newer = mail.link("verify_email", "ada@example.com");
    let verify = |token: &str| json!({"token": token, "password": PASSWORD});
    host.post("/auth/verify", verify(&verify_ada))
        .await
        .assert_error(400, "link_invalid");
    host.post("/auth/verify", verify(&newer)).await.assert_ok();
    host.post("/auth/verify", json!({}))
        .await
        .assert_error(400, "link_invalid");
    assert_eq!(host.post("/auth/forgot-password", ask).await.status, 202);
    let reset = mail.link("reset_password", "ada@example.com");
    let new = json!({"token": reset, "password": "a new and better password"});
    assert_eq!(host.post("/auth/reset-password", new).await.status, 204);
}

/// The OpenAPI document marks these paths as compatibility paths, and they can be disabled.
#[tokio::test]
async fn the_paths_of_other_systems_can_be_switched_off() {
    let host = Host::start(&[("COMPATIBILITY_ROUTES", "false")]);
    let document = host.get("/openapi.json").await.body;
    let paths = document["paths"].as_object().unwrap();
    let mut deprecated = 0;
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["deprecated"] == Value::Bool(true) {
                deprecated += 1;
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let answer = Answer::of(host.request(method, path).json(&json!({}))).await;
                answer.assert_error_code(404);
            }
        }
    }
    assert!(deprecated >= 13, "{deprecated}");
}
