use gatewright_tests::host::{Answer, Host, PASSWORD};
use reqwest::Method;
use serde_json::json;

/// V6.3.1: guesses at one account are limited, whatever headers a client adds, and then the correct password is refused
/// too.
#[tokio::test]
async fn guesses_at_one_account_are_limited() {
    let host = Host::start(&[("LOGIN_ATTEMPTS_PER_ACCOUNT", "3")]);
    host.register("ada@example.com").await;
    host.register("bob@example.com").await;
    let login = |name: &str, password: &str, address: &str| {
        let request = host
            .request(Method::POST, "/auth/login")
            .header("x-forwarded-for", address);
        let request = request
            .header("spin-client-addr", address)
            .header("cf-connecting-ip", address);
        Answer::of(request.json(&json!({"username": name, "password": password})))
    };
    for guess in 0..3 {
        login("ada@example.com", "wrong", &format!("192.0.2.{guess}"))
            .await
            .assert_error(401, "invalid_credentials");
    }
    for (name, password) in [("ada@example.com", "wrong"), ("ADA@example.com", PASSWORD)] {
        let answer = login(name, password, "192.0.2.9").await;
        answer.assert_error(429, "rate_limited");
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=900).contains(&seconds));
    }
    assert_eq!(
        login("bob@example.com", PASSWORD, "192.0.2.9").await.status,
        200
    );
}

/// One attacker can't lock the owner out: attempts refused by the attacker's limit don't count for the account.
#[tokio::test]
async fn refused_guesses_do_not_lock_the_owner_out() {
    let host = Host::start(&[("LOGIN_ATTEMPTS_PER_ACCOUNT", "1")]);
    host.register("ada@example.com").await;
    let guess = |address: &'static str| {
        let client = reqwest::Client::builder()
            .local_address(address.parse::<std::net::IpAddr>().unwrap())
            .build();
        let request = client.unwrap().post(format!("{}/auth/login", host.base()));
        Answer::of(request.json(&json!({"email": "ada@example.com", "password": PASSWORD})))
    };
    assert_eq!(guess("127.0.0.1").await.status, 200);
    // Twice the account's limit.
    for _ in 0..20 {
        guess("127.0.0.1").await.assert_error(429, "rate_limited");
    }
    assert_eq!(guess("127.0.0.2").await.status, 200);
}

/// Unknown accounts are limited like known ones, so that the limit doesn't reveal whether an account exists.
#[tokio::test]
async fn unknown_accounts_are_limited_alike() {
    let host = Host::start(&[("LOGIN_ATTEMPTS_PER_ACCOUNT", "2")]);
    let login = || {
        host.post(
            "/auth/login",
            json!({"email": "nobody@example.com", "password": "wrong"}),
        )
    };
    login().await.assert_error(401, "invalid_credentials");
    login().await.assert_error(401, "invalid_credentials");
    login().await.assert_error(429, "rate_limited");
}

/// One address can't try many accounts, and the token endpoint doesn't avoid the limit.
#[tokio::test]
async fn attempts_from_one_address_are_limited_on_every_login_route() {
    let host = Host::start(&[("LOGIN_ATTEMPTS_PER_IP", "2")]);
    for guess in 0..2 {
        let body = json!({"email": format!("user{guess}@example.com"), "password": "wrong"});
        host.post("/auth/login", body)
            .await
            .assert_error(401, "invalid_credentials");
    }
    let form = host
        .request(Method::POST, "/auth/token")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = Answer::of(form.body("grant_type=password&username=x&password=y")).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.body["error"], "temporarily_unavailable");
    assert!(!answer.header("retry-after").is_empty());
}
