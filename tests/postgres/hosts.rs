//! Two native hosts on one database. The scenarios with `GATEWRIGHT_HOST=postgres` show everything else: each request goes
//! to the other host in turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::Timestamp;
use futures::StreamExt as _;
use futures::executor::block_on;
use gatewright_storage_postgres::{MIGRATIONS, PostgresStorage, purge_when_due};
use gatewright_tests::host::{Host, PASSWORD};
use gatewright_tests::postgres::PostgresServer;
use reqwest::{Client, StatusCode};
use serde_json::json;

/// One of two hosts crashes during a stream of registrations: no acknowledged one is lost, and the other host goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crash_of_one_host_loses_no_acknowledged_registration() {
    let mut host = Host::start_two(&[("LOGIN_ATTEMPTS_PER_IP", "0")]);
    let bases = [host.base().to_owned(), host.base().to_owned()];
    assert_ne!(bases[0], bases[1]);
    let (client, acknowledged) = (Client::new(), AtomicUsize::new(0));
    let register = |number: usize| {
        let email = format!("user{number}@example.com");
        let request = client
            .post(format!("{}/auth/register", bases[number % 2]))
            .json(&json!({"email": email, "password": PASSWORD}));
        let acknowledged = &acknowledged;
        async move {
            let answer = request.send().await.ok()?;
            (answer.status() == StatusCode::CREATED).then(|| {
                acknowledged.fetch_add(1, Ordering::SeqCst);
                (number, email)
            })
        }
    };
    let stream = futures::stream::iter(0..400)
        .map(register)
        .buffer_unordered(8)
        .collect::<Vec<_>>();
    let crash = async {
        while acknowledged.load(Ordering::SeqCst) < 100 {
            tokio::task::yield_now().await;
        }
        host.kill_one();
    };
    let (answers, ()) = futures::join!(stream, crash);
    let registered: Vec<_> = answers.into_iter().flatten().collect();
    let by_second = registered.iter().filter(|(number, _)| number % 2 == 1);
    assert_eq!(by_second.count(), 200, "the other host refused some");
    assert!(registered.len() < 400, "nothing was lost in the crash");
    for (_, email) in &registered {
        host.login(email).await;
    }
}

/// Of hosts that find expired rows at the same time, one deletes them.
#[test]
fn one_host_deletes_what_has_expired() {
    let database = PostgresServer::shared().database();
    for round in 0..5 {
        let now = Timestamp::from_millis(4_102_444_800_000 + round * 3_600_000);
        let done: usize = std::thread::scope(|scope| {
            let hosts: Vec<_> = (0..8)
                .map(|_| {
                    let database = &database;
                    scope.spawn(move || {
                        let storage = PostgresStorage::new(database.connect());
                        let retention = async { Ok(None) };
                        let purged = block_on(purge_when_due(&storage, now, retention));
                        usize::from(purged.unwrap())
                    })
                })
                .collect();
            hosts.into_iter().map(|host| host.join().unwrap()).sum()
        });
        assert_eq!(done, 1);
    }
}

/// A rolling upgrade: the schema of the next version still serves this one, and that of the one after it does not.
#[tokio::test]
async fn a_host_goes_on_with_a_newer_schema_that_serves_it() {
    let host = Host::start_two(&[]);
    host.register("ada@example.com").await;
    let known = MIGRATIONS.len();
    let migrate = |version: usize, serves: usize, step: &str| {
        let record = format!(
            "INSERT INTO schema_migrations (version, name, serves, applied_at) VALUES ({version}, 'later', {serves}, 0)"
        );
        let database = host.postgres().unwrap().connect();
        database.run(&[step, &record]).unwrap();
    };
    migrate(known + 1, known, "ALTER TABLE users ADD COLUMN later text");
    for _ in 0..2 {
        host.get("/readyz").await.assert_ok();
        host.login("ada@example.com").await;
    }
    migrate(known + 2, known + 1, "ALTER TABLE users DROP COLUMN later");
    for _ in 0..2 {
        host.get("/readyz").await.assert_error_code(503);
    }
}
