use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP};
use serde_json::{Value, json};

fn first(token: &str, email: &str, password: &str) -> Value {
    json!({"token": token, "email": email, "password": password})
}

async fn login(host: &Host, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    host.post("/auth/login", body).await
}

/// The operator's token creates the first superadmin, once.
#[tokio::test]
async fn the_setup_token_makes_one_superadmin() {
    let host = Host::start(&[SETUP, ("REQUIRE_EMAIL_VERIFICATION", "true")]);
    host.post(
        "/setup",
        first("another token", "root@example.com", PASSWORD),
    )
    .await
    .assert_error(403, "setup_token_invalid");
    for (body, field) in [
        (first(SETUP.1, "root@example.com", "short"), "password "),
        (first(SETUP.1, "root@example.com", ""), "password "),
        (json!({"token": SETUP.1, "password": PASSWORD}), "email "),
    ] {
        let refused = host.post("/setup", body).await;
        refused.assert_error(422, "validation_failed");
        let rules = refused.broken_rules();
        assert!(rules[0].starts_with(field), "{rules:?}");
    }
    for wrong in [
        json!({}),
        json!({"token": 5}),
        json!([]),
        json!({"token": ""}),
    ] {
        let refused = host.post("/setup", wrong.clone()).await;
        let status = refused.status.as_u16();
        assert!([403, 422].contains(&status), "{wrong}: {refused:?}");
    }
    // An existing account is left unchanged.
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(host.post("/auth/register", ada).await.status, 201);
    host.post("/setup", first(SETUP.1, "ada@example.com", PASSWORD))
        .await
        .assert_error(409, "email_taken");

    let mut body = first(SETUP.1, "root@example.com", PASSWORD);
    body["username"] = "root".into();
    let made = host.post("/setup", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let roles = made.body["roles"].as_array().unwrap();
    assert!(roles.contains(&json!("superadmin")), "{made:?}");
    assert_eq!(made.body["username"], "root");
    assert_eq!(made.body["permissions"], json!(["*"]));
    // The operator's token replaces the verification mail.
    let root = host.login("root@example.com").await.access_token;
    host.get_as("/users", &root).await.assert_ok();
    host.post("/setup", first(SETUP.1, "other@example.com", PASSWORD))
        .await
        .assert_error(409, "already_set_up");
    login(&host, "other@example.com", PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    // Also not after the next start.
    let host = host.restart(&[]);
    host.post("/setup", first(SETUP.1, "other@example.com", PASSWORD))
        .await
        .assert_error(409, "already_set_up");
}

/// Of many concurrent uses of the token one succeeds.
#[tokio::test]
async fn the_setup_token_works_once_however_many_try() {
    let host = Host::start(&[SETUP]);
    let emails: Vec<_> = (0..6).map(|at| format!("root{at}@example.com")).collect();
    let tries = emails
        .iter()
        .map(|email| host.post("/setup", first(SETUP.1, email, PASSWORD)));
    let answers = futures::future::join_all(tries).await;
    let mut made = Vec::new();
    for (email, answer) in emails.iter().zip(&answers) {
        if answer.status == 201 {
            made.push(email);
        } else {
            answer.assert_error(409, "already_set_up");
            login(&host, email, PASSWORD)
                .await
                .assert_error(401, "invalid_credentials");
        }
    }
    assert_eq!(made.len(), 1, "{answers:?}");
    let root = host.login(made[0]).await.access_token;
    let all = host.get_as("/users", &root).await;
    assert_eq!(all.body["users"].as_array().unwrap().len(), 1);
}

/// Without the setting the route doesn't exist, and no user is created.
#[tokio::test]
async fn without_a_setup_token_there_is_no_way_in() {
    let host = Host::start(&[]);
    for token in ["", "known", SETUP.1] {
        host.post("/setup", first(token, "root@example.com", PASSWORD))
            .await
            .assert_error(404, "not_found");
    }
    for name in ["admin", "root", "administrator", "superadmin"] {
        for password in ["", "admin", "password", "gatewright", "changeme"] {
            let body = json!({"username": name, "password": password});
            let answer = host.post("/auth/login", body).await;
            let status = answer.status.as_u16();
            assert!([401, 422].contains(&status), "{answer:?}");
        }
    }
    let ada = host.register("ada@example.com").await;
    let me = host.get_as("/auth/me", &ada.access_token).await;
    assert_eq!(me.body["roles"], json!(["user"]));
}

/// Settings create the first superadmin when the service starts, and never change an existing user.
#[tokio::test]
async fn settings_make_the_first_superadmin_and_overwrite_nothing() {
    const OTHER: &str = "another good password";
    let host = Host::start(&[
        ("ADMIN_EMAIL", "root@example.com"),
        ("ADMIN_PASSWORD", PASSWORD),
    ]);
    if !host.makes_administrator_at_start() {
        login(&host, "root@example.com", PASSWORD)
            .await
            .assert_error(401, "invalid_credentials");
        return;
    }
    let root = host.login("root@example.com").await.access_token;
    host.get_as("/users", &root).await.assert_ok();
    let me = host.get_as("/auth/me", &root).await;
    let roles = me.body["roles"].as_array().unwrap();
    assert!(roles.contains(&json!("superadmin")), "{me:?}");
    assert!(!host.log().contains(PASSWORD));

    // Another password changes nothing.
    let host = host.restart(&[("ADMIN_PASSWORD", OTHER)]);
    login(&host, "root@example.com", OTHER)
        .await
        .assert_error(401, "invalid_credentials");
    login(&host, "root@example.com", PASSWORD).await.assert_ok();
    // Another address creates nobody.
    let host = host.restart(&[("ADMIN_EMAIL", "other@example.com"), SETUP]);
    login(&host, "other@example.com", OTHER)
        .await
        .assert_error(401, "invalid_credentials");
    host.post("/setup", first(SETUP.1, "third@example.com", PASSWORD))
        .await
        .assert_error(409, "already_set_up");

    // The password that the user has chosen stays.
    let root = host.login("root@example.com").await.access_token;
    let change = json!({"current_password": PASSWORD, "new_password": "their own good password"});
    let changed = host
        .send_as("POST", "/account/change-password", &root, change)
        .await;
    changed.assert_ok();
    let host = host.restart(&[
        ("ADMIN_EMAIL", "root@example.com"),
        ("ADMIN_PASSWORD", PASSWORD),
    ]);
    login(&host, "root@example.com", PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    login(&host, "root@example.com", "their own good password")
        .await
        .assert_ok();
}

/// A user who registered that address first does not become an administrator, and their password is not changed.
#[tokio::test]
async fn settings_raise_nobody_who_is_there() {
    let host = Host::start(&[]);
    if !host.makes_administrator_at_start() {
        return;
    }
    host.register("root@example.com").await;
    let host = host.restart(&[
        ("ADMIN_EMAIL", "root@example.com"),
        ("ADMIN_PASSWORD", "another good password"),
    ]);
    login(&host, "root@example.com", "another good password")
        .await
        .assert_error(401, "invalid_credentials");
    let stranger = host.login("root@example.com").await.access_token;
    host.get_as("/users", &stranger)
        .await
        .assert_error(403, "forbidden");
}
