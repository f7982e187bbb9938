use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt as _;
use gatewright_tests::host::{Host, PASSWORD};
use reqwest::{Client, StatusCode};
use serde_json::json;

/// A crash during a stream of registrations loses none that was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_loses_no_acknowledged_registration() {
    let mut host = Host::start(&[("LOGIN_ATTEMPTS_PER_IP", "0")]);
    let (base, client, acknowledged) = (host.base().to_owned(), Client::new(), AtomicUsize::new(0));
    let register = |number: usize| {
        let email = format!("user{number}@example.com");
        let request = client
            .post(format!("{base}/auth/register"))
            .json(&json!({"email": email, "password": PASSWORD}));
        let acknowledged = &acknowledged;
        async move {
            let answer = request.send().await.ok()?;
            (answer.status() == StatusCode::CREATED).then(|| {
                acknowledged.fetch_add(1, Ordering::SeqCst);
                email
            })
        }
    };
    let stream = futures::stream::iter(0..2000)
        .map(register)
        .buffer_unordered(8)
        .collect::<Vec<_>>();
    let crash = async {
        while acknowledged.load(Ordering::SeqCst) < 100 {
            tokio::task::yield_now().await;
        }
        host.kill();
    };
    let (answers, ()) = futures::join!(stream, crash);
    let emails: Vec<_> = answers.into_iter().flatten().collect();
    assert!(
        (100..2000).contains(&emails.len()),
        "{} were acknowledged",
        emails.len()
    );

    let host = host.restart(&[]);
    for email in &emails {
        host.login(email).await;
    }
}
