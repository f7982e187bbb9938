use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD};
use reqwest::Client;
use serde_json::json;

const NEW: &str = "a new and better password";

/// Signs in from an address of this machine, with this `Cookie` header.
async fn login(host: &Host, address: u8, cookie: &str, password: &str) -> Answer {
    let client = Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, address]));
    let url = format!("{}/auth/login", host.base());
    let request = client.build().unwrap().post(url).header("cookie", cookie);
    let body = json!({"email": "ada@example.com", "password": password});
    Answer::of(request.json(&body)).await
}

/// Guesses until unknown clients are refused everywhere.
async fn lock(host: &Host) {
    for address in 2..=5 {
        for _ in 0..3 {
            login(host, address, "", "not the right password").await;
        }
    }
    login(host, 50, "", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
}

/// Returns the device cookie of a response, in the form of a request.
fn device(answer: &Answer) -> String {
    let mut lines = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|line| line.to_str().unwrap());
    let line = lines
        .find(|line| line.starts_with("__Host-device="))
        .unwrap();
    for attribute in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=34560000",
    ] {
        assert!(line.contains(attribute), "{line}");
    }
    assert!(!line.contains("Domain"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

const LIMITS: [(&str, &str); 2] = [
    ("LOGIN_ATTEMPTS_PER_ACCOUNT", "3"),
    ("LOGIN_ATTEMPTS_PER_ACCOUNT_EVERYWHERE", "10"),
];

/// V6.3.1: attempts from many networks lock out unknown clients, but not the devices and networks that signed in
/// before. A device has its own counter.
#[tokio::test]
async fn strangers_do_not_lock_out_known_devices_and_networks() {
    let host = Host::start(&LIMITS);
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let ada = host.post("/auth/register", body).await;
    let ada = device(&ada);
    let body = json!({"email": "eve@example.com", "password": PASSWORD});
    let eve = device(&host.post_from([127, 0, 0, 2], "/auth/register", body).await);
    lock(&host).await;
    login(&host, 51, &ada, PASSWORD).await.assert_ok();
    login(&host, 1, "", PASSWORD).await.assert_ok();
    for stranger in [&eve, "__Host-device=nonsense", ""] {
        login(&host, 52, stranger, PASSWORD)
            .await
            .assert_error(429, "rate_limited");
    }
    for address in [53, 54] {
        login(&host, address, &ada, "not the right password")
            .await
            .assert_error(401, "invalid_credentials");
    }
    login(&host, 55, &ada, PASSWORD)
        .await
        .assert_error(429, "rate_limited");
}

/// V6.3.1: the device is known with every transport, and after a password change by a new cookie.
#[tokio::test]
async fn a_device_is_known_by_a_cookie_on_every_way_in() {
    let host = Host::start(&[]);
    let session = host.register("ada@example.com").await;
    for transport in ["jwt", "session", "cookie", "jwt_cookie"] {
        let body =
            json!({"email": "ada@example.com", "password": PASSWORD, "transport": transport});
        device(&host.post("/auth/login", body).await);
    }
    for path in ["/auth/token", "/auth/jwt/login", "/auth/cookie/login"] {
        let form = [
            ("grant_type", "password"),
            ("username", "ada@example.com"),
            ("password", PASSWORD),
        ];
        let request = host.request(reqwest::Method::POST, path).form(&form);
        device(&Answer::of(request).await);
    }
    let wrong = login(&host, 1, "", "not the right password").await;
    assert!(wrong.headers.get("set-cookie").is_none());
    let token = &session.access_token;
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let changed = host.send_as("POST", "/account/change-password", token, change);
    let answer = changed.await;
    let changed = device(&answer);
    let token = answer.body["access_token"].as_str().unwrap();
    // It is still the same device.
    let again = login(&host, 1, &changed, NEW).await;
    assert_eq!(device(&again), changed);
    let delete = host
        .request(reqwest::Method::DELETE, "/account")
        .bearer_auth(token)
        .header("cookie", &changed);
    let deleted = Answer::of(delete.json(&json!({"password": NEW}))).await;
    assert_eq!(deleted.status, 204);
    let line = deleted.header("set-cookie");
    assert!(
        line.starts_with("__Host-device=;") && line.contains("Max-Age=0"),
        "{line}"
    );
}

/// V6.3.1, V6.4.3: a password reset lets the owner in again, from anywhere.
#[tokio::test]
async fn a_reset_lifts_the_lock() {
    let mail = MailService::start();
    let host = mail.host(&LIMITS);
    host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    lock(&host).await;
    assert_eq!(mail.next().message["kind"], "account_locked");
    let forgot = json!({"email": "ada@example.com"});
    assert_eq!(host.post("/auth/forgot-password", forgot).await.status, 202);
    let token = mail.link("reset_password", "ada@example.com");
    let path = format!("/auth/reset-password/{token}");
    let reset = host.post(&path, json!({"password": NEW})).await;
    assert_eq!(reset.status, 204);
    login(&host, 56, "", NEW).await.assert_ok();
    // The attack continues, and the device that set the password is known.
    lock(&host).await;
    login(&host, 57, &device(&reset), NEW).await.assert_ok();
}

/// V6.3.1: attempts with a user's ID as the name don't use up the attempts in that user's session.
#[tokio::test]
async fn an_identifier_typed_as_a_name_blocks_nothing() {
    let host = Host::start(&LIMITS);
    let session = host.register("ada@example.com").await;
    let me = host.get_as("/auth/me", &session.access_token).await;
    let body = json!({"username": me.body["id"], "password": "a guess"});
    for address in 1..=6 {
        for _ in 0..3 {
            host.post_from([127, 0, 0, address], "/auth/login", body.clone())
                .await;
        }
    }
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let changed = host.send_as(
        "POST",
        "/account/change-password",
        &session.access_token,
        change,
    );
    changed.await.assert_ok();
}
