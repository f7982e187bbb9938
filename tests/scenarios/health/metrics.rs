use std::net::TcpListener;

use gatewright_tests::BreachService;
use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP};
use serde_json::json;

const TOKEN: &str = "known-to-prometheus-and-to-nobody-else";
const PATH: &str = "/metrics";

/// Returns the count of a kind of events with this reason, or 0.
fn counted(text: &str, kind: &str, reason: &str) -> u64 {
    let (kind, reason) = (format!("kind=\"{kind}\""), format!("reason=\"{reason}\""));
    let mut lines = text
        .lines()
        .filter(|line| line.starts_with("gatewright_events_total{"))
        .filter(|line| line.contains(&kind) && line.contains(&reason));
    let count = lines.next().map_or(0, |line| {
        let value = line.rsplit(' ').next().unwrap();
        value.parse().unwrap()
    });
    assert_eq!(lines.next(), None, "a series stands twice");
    count
}

/// The metrics require the token, and are unavailable without the setting.
#[tokio::test]
async fn metrics_are_for_who_knows_the_token() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    host.get(PATH).await.assert_error(404, "not_found");
    host.get_as(PATH, root.token())
        .await
        .assert_error(404, "not_found");
    host.get_as(PATH, TOKEN)
        .await
        .assert_error(404, "not_found");

    let host = host.restart(&[("METRICS_TOKEN", TOKEN)]);
    host.get(PATH).await.assert_error_code(401);
    for wrong in [root.token(), "", &TOKEN[1..], &format!("{TOKEN}x")] {
        let answer = host.get_as(PATH, wrong).await;
        answer.assert_error_code(401);
        assert!(!answer.header("www-authenticate").is_empty());
    }
    let answer = host.get_as(PATH, TOKEN).await;
    answer.assert_ok();
    let content_type = answer.header("content-type");
    assert!(
        content_type.starts_with("text/plain; version=0.0.4"),
        "{content_type}"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    // The exposition format: a type for each metric, and a number on each line.
    assert!(
        answer
            .text
            .contains("\n# TYPE gatewright_events_total counter\n")
    );
    assert!(answer.text.ends_with('\n'));
    for line in answer.text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(series.starts_with("gatewright_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    // The token is not valid for anything else.
    host.get_as("/auth/me", TOKEN).await.assert_error_code(401);
}

/// Logins are counted by outcome, over all instances and restarts.
#[tokio::test]
async fn logins_are_counted() {
    let host = Host::start(&[("METRICS_TOKEN", TOKEN)]);
    host.register("ada@example.com").await;
    let fail = async |email: &str| {
        let body = json!({"email": email, "password": "not the right password"});
        host.post("/auth/login", body)
            .await
            .assert_error(401, "invalid_credentials");
    };
    for _ in 0..3 {
        fail("ada@example.com").await;
    }
    for _ in 0..2 {
        fail("nobody@example.com").await;
    }
    host.login("ada@example.com").await;
    let all = |answer: &Answer| {
        let of = |kind: &str, reason: &str| counted(&answer.text, kind, reason);
        of("login.failed", "wrong_password") >= 3
            && of("login.failed", "unknown_account") >= 2
            && of("login.succeeded", "") >= 1
    };
    let answer = host.wait_until(PATH, TOKEN, all).await;
    let wrong = |answer: &Answer| counted(&answer.text, "login.failed", "wrong_password");
    assert_eq!(wrong(&answer), 3);
    assert_eq!(counted(&answer.text, "login.failed", "unknown_account"), 2);
    // The metrics name no users.
    assert!(!answer.text.contains('@'));
    fail("ada@example.com").await;
    host.wait_until(PATH, TOKEN, |answer| wrong(answer) == 4)
        .await;
    let host = host.restart(&[]);
    assert_eq!(wrong(&host.get_as(PATH, TOKEN).await), 4);
}

/// The metrics show an operator that mail is not delivered and that breached passwords are not checked.
#[tokio::test]
async fn failing_services_are_counted() {
    // Nothing listens on this port any more.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let origin = format!("http://{closed}");
    let url = format!("{origin}/mail");
    let breach = BreachService::start("503 Service Unavailable", "");
    let own = breach.settings();
    let mut settings = vec![
        ("METRICS_TOKEN", TOKEN),
        ("EMAIL_PROVIDER", "webhook"),
        ("EMAIL_FROM", "Gatewright <auth@example.com>"),
        ("EMAIL_API_KEY", "k-1"),
        ("EMAIL_API_URL", &url),
        ("EMAIL_API_ORIGIN", &origin),
    ];
    settings.extend(own.each_ref().map(|(name, value)| (*name, value.as_str())));
    let host = Host::start(&settings);
    let sum = |text: &str, kind: &str| -> u64 {
        let kind = format!("kind=\"{kind}\"");
        let lines = text
            .lines()
            .filter(|line| line.starts_with("gatewright_events_total{") && line.contains(&kind));
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
        lines.map(value).sum()
    };
    let before = host.get_as(PATH, TOKEN).await;
    before.assert_ok();
    assert_eq!(sum(&before.text, "breach_check.failed"), 0);
    assert_eq!(sum(&before.text, "mail.failed"), 0);
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(host.post("/auth/register", ada).await.status, 201);
    host.wait_until(PATH, TOKEN, |answer| {
        sum(&answer.text, "breach_check.failed") > 0 && sum(&answer.text, "mail.failed") > 0
    })
    .await;
}
