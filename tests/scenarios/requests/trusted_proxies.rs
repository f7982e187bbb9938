use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP};
use reqwest::Method;
use serde_json::json;

/// The trusted proxies: the address of the tests, and a second hop.
const TRUSTED: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.0/8, ::1, 10.0.0.0/8");

/// Signs in through a proxy that sends these lines of a header.
async fn login(host: &Host, password: &str, header: &str, lines: &[&str]) -> Answer {
    let mut request = host.request(Method::POST, "/auth/login");
    for line in lines {
        request = request.header(header, *line);
    }
    Answer::of(request.json(&json!({"email": "ada@example.com", "password": password}))).await
}

/// Behind a trusted proxy each client has its own limits, and none can pose as another (V6.3.1). Workers use only the
/// address from their platform.
#[tokio::test]
async fn limits_are_the_clients_and_not_the_proxys() {
    let host = Host::start(&[TRUSTED, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "2")]);
    host.register("ada@example.com").await;
    let header = "x-forwarded-for";
    for line in ["192.0.2.1", "198.51.100.1, 192.0.2.1:4711"] {
        login(&host, "wrong", header, &[line])
            .await
            .assert_error(401, "invalid_credentials");
    }
    let same: [&[&str]; 5] = [
        &["192.0.2.1"],
        &["198.51.100.2, 192.0.2.1, 10.0.0.2"],
        &["198.51.100.3", "::ffff:192.0.2.1, 10.0.0.2", "10.0.0.3"],
        &["127.0.0.1, 192.0.2.1"],
        &["nonsense, [::ffff:192.0.2.1]:80, 10.0.0.2"],
    ];
    for lines in same {
        login(&host, PASSWORD, header, lines)
            .await
            .assert_error(429, "rate_limited");
    }
    for line in ["192.0.2.2", "2001:db8::1", "192.0.2.1, 192.0.2.3"] {
        let answer = login(&host, PASSWORD, header, &[line]).await;
        let expected = if host.looks_behind_proxies() {
            200
        } else {
            429
        };
        assert_eq!(answer.status, expected, "{line}: {answer:?}");
    }
}

/// Other headers, by name: the standard one, and one with a single address.
#[tokio::test]
async fn the_header_of_the_proxy_is_named() {
    for (header, line, forged) in [
        (
            "forwarded",
            "for=198.51.100.1;host=\"a,for=198.51.100.2\", For=\"192.0.2.1:80\";proto=https, for=10.0.0.2",
            "for=\"198.51.100.1, for=192.0.2.1",
        ),
        ("x-real-ip", "192.0.2.1", "198.51.100.1, 192.0.2.1"),
    ] {
        let host = Host::start(&[
            TRUSTED,
            ("PROXY_HEADER", header),
            ("LOGIN_ATTEMPTS_PER_ACCOUNT", "1"),
        ]);
        host.register("ada@example.com").await;
        let first = login(&host, PASSWORD, header, &[line]).await;
        first.assert_ok();
        login(&host, PASSWORD, header, &[forged])
            .await
            .assert_error(429, "rate_limited");
        if !host.looks_behind_proxies() {
            continue;
        }
        let session = host
            .get_as(
                "/account/sessions",
                first.body["access_token"].as_str().unwrap(),
            )
            .await;
        let sessions = session.body["sessions"].as_array().unwrap();
        assert!(
            sessions.iter().any(|one| one["ip"] == "192.0.2.1"),
            "{sessions:?}"
        );
        // Another header is ignored, so the address is the proxy's.
        login(&host, PASSWORD, "x-forwarded-for", &["192.0.2.9"])
            .await
            .assert_ok();
        login(&host, PASSWORD, "x-forwarded-for", &["192.0.2.8"])
            .await
            .assert_error(429, "rate_limited");
    }
}

/// The list of sessions, the audit log and mails contain the client's address, too.
#[tokio::test]
async fn the_clients_address_is_shown_everywhere() {
    let mail = MailService::start();
    let host = mail.host(&[TRUSTED, SETUP]);
    let expected = if host.looks_behind_proxies() {
        "192.0.2.7"
    } else {
        "127.0.0.1"
    };
    let root = host.administrator().await;
    let send = |path: &str, token: &str, body: serde_json::Value| {
        let request = host.request(Method::POST, path).bearer_auth(token);
        let request = request.header("x-forwarded-for", "198.51.100.1, 192.0.2.7");
        Answer::of(request.json(&body))
    };
    let body = json!({"email": "root@example.com", "password": PASSWORD});
    let session = send("/auth/login", root.token(), body).await;
    session.assert_ok();
    let token = session.body["access_token"].as_str().unwrap();
    let sessions = host.get_as("/account/sessions", token).await.body;
    let current = sessions["sessions"].as_array().unwrap().iter();
    let current: Vec<_> = current.filter(|one| one["current"] == true).collect();
    assert_eq!(current[0]["ip"], expected, "{sessions}");
    let body =
        json!({"current_password": PASSWORD, "new_password": "another horse battery staple"});
    let changed = send("/account/change-password", token, body).await;
    changed.assert_ok();
    let token = changed.body["access_token"].as_str().unwrap();
    let events = "/audit?kind=password.changed";
    let is_there = |answer: &Answer| !answer.body["events"].as_array().unwrap().is_empty();
    let audit = host.wait_until(events, token, is_there).await;
    assert_eq!(audit.body["events"][0]["ip"], expected, "{audit:?}");
    let text = loop {
        let message = mail.next().message;
        if message["kind"] == "password_changed" {
            break message["text"].as_str().unwrap().to_owned();
        }
    };
    assert!(text.contains(expected), "{text}");
}

/// Without the setting the peer's address counts. A peer that looks like a proxy is reported once.
#[tokio::test]
async fn without_trusted_proxies_the_peer_counts_and_is_reported_once() {
    let host = Host::start(&[("LOGIN_ATTEMPTS_PER_ACCOUNT", "2")]);
    host.register("ada@example.com").await;
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        for _ in 0..20 {
            let request = host.request(Method::GET, "/healthz");
            let request = request.header(header, "192.0.2.1");
            Answer::of(request).await.assert_ok();
        }
    }
    for guess in 0..3 {
        let answer = login(
            &host,
            "wrong",
            "x-forwarded-for",
            &[&format!("192.0.2.{guess}")],
        )
        .await;
        assert_eq!(answer.status, if guess < 2 { 401 } else { 429 });
    }
    if host.looks_behind_proxies() {
        host.wait_for_line(&["TRUSTED_PROXIES", "127.0.0.1"]);
    }
    let told = host.log().matches("TRUSTED_PROXIES").count();
    // Each process says it once.
    let most = usize::from(host.looks_behind_proxies()) * host.processes();
    assert!(told <= most, "{told}");
}
