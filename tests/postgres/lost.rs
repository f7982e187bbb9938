//! Lost connections: what was acknowledged has happened, and nothing happens twice.

use std::sync::Arc;

use auth_core::storage::StorageError;
use futures::executor::block_on;
use gatewright_postgres::PoolSettings;
use gatewright_storage_postgres::{Executor as _, Failure, Row, Statement, Value};
use gatewright_tests::host::{Host, native};
use gatewright_tests::postgres::{Connections, PostgresServer};

use crate::proxy::{Cut, Proxy};

/// Counts how often it has run.
fn counting() -> Statement {
    let count = "INSERT INTO limits (key, count, resets_at) VALUES ($1, 1, 1)
        ON CONFLICT (key) DO UPDATE SET count = limits.count + 1 RETURNING count";
    Statement::new(count, vec!["counted".into()])
}

fn counted(rows: Vec<Row>) -> Option<Value> {
    rows.into_iter().next()?.into_values().pop()
}

/// Runs a transaction that is cut, and returns its result and how often it has run.
fn cut(cut: Cut, keeps_session: bool) -> (Result<Option<Value>, Failure>, Option<Value>) {
    let database = PostgresServer::shared().database();
    let proxy = Proxy::start();
    let settings = PoolSettings {
        keeps_session,
        ..PoolSettings::default()
    };
    let connections = Connections::new(&proxy.url(&database, "ada", ""), &settings);
    proxy.cut(cut);
    let other = Statement::new("SELECT 1 FROM users WHERE id = $1", vec!["u".into()]);
    let result = block_on(connections.batch(vec![other, counting()]));
    let result = result.map(|mut rows| counted(rows.pop().unwrap()));
    let found = "SELECT count FROM limits WHERE key = 'counted'";
    (result, counted(database.connect().run(&[found]).unwrap()))
}

fn is_unavailable(result: &Result<Option<Value>, Failure>) -> bool {
    matches!(result, Err(Failure::Failed(StorageError::Unavailable(_))))
}

/// The transaction has run, and its mark says so.
#[test]
fn a_commit_without_a_reply_that_happened_is_not_repeated() {
    for keeps_session in [true, false] {
        let happened = Cut {
            replies: true,
            commits: true,
            reports: None,
        };
        let (result, count) = cut(happened, keeps_session);
        assert_eq!(result, Ok(Some(Value::Integer(1))));
        assert_eq!(count, Some(Value::Integer(1)));
    }
}

/// The transaction was rolled back, and its mark says so.
#[test]
fn a_commit_without_a_reply_that_did_not_happen_is_repeated() {
    for keeps_session in [true, false] {
        let lost = Cut {
            replies: true,
            commits: false,
            reports: None,
        };
        let (result, count) = cut(lost, keeps_session);
        assert_eq!(result, Ok(Some(Value::Integer(1))));
        assert_eq!(count, Some(Value::Integer(1)));
    }
}

/// Without its mark, it is unknown whether the transaction has run.
#[test]
fn a_transaction_without_any_reply_is_not_repeated() {
    for (commits, wanted) in [(true, Some(Value::Integer(1))), (false, None)] {
        let silent = Cut {
            replies: false,
            commits,
            reports: None,
        };
        let (result, count) = cut(silent, true);
        assert!(is_unavailable(&result), "{result:?}");
        assert_eq!(count, wanted);
    }
}

/// A pooler has lost the server, which may have finished the transaction.
#[test]
fn a_transaction_that_a_pooler_has_lost_is_not_repeated() {
    let lost = Cut {
        replies: false,
        commits: true,
        reports: Some("08P01"),
    };
    let (result, count) = cut(lost, false);
    assert!(is_unavailable(&result), "{result:?}");
    assert_eq!(count, Some(Value::Integer(1)));
}

/// A connection that ended while nobody used it costs nobody anything.
#[test]
fn what_only_reads_is_repeated_on_another_connection() {
    let database = PostgresServer::shared().database();
    let connections = database.connect();
    let own = "SELECT pg_backend_pid()::bigint";
    let Some(Value::Integer(process)) = counted(connections.run(&[own]).unwrap()) else {
        panic!("a process has a number");
    };
    let other = database.connect();
    let end = Statement::new(
        "SELECT pg_terminate_backend($1::bigint::int, 5000)",
        vec![(process as u64).into()],
    );
    block_on(other.query(end)).unwrap();
    let next = counted(connections.run(&[own]).unwrap());
    assert_ne!(next, Some(Value::Integer(process)));
}

#[tokio::test]
async fn a_lost_server_is_503_until_it_is_back() {
    let database = PostgresServer::shared().database();
    let proxy = Proxy::start();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut command = native(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    command
        .env("SECRET_KEY", "0123456789abcdef0123456789abcdef")
        .env("DATABASE_URL", proxy.url(&database, "ada", ""))
        .env("DATABASE_CONNECT_TIMEOUT_SECONDS", "1");
    let host = Host::run(&mut command, folder.clone());
    let ada = host.register("ada@example.com").await;
    let me = host.get_as("/auth/me", &ada.access_token).await;
    me.assert_ok();
    proxy.set_down(true);
    for _ in 0..3 {
        let me = host.get_as("/auth/me", &ada.access_token).await;
        me.assert_error(503, "unavailable");
        host.get("/readyz").await.assert_error(503, "unavailable");
        host.get("/healthz").await.assert_ok();
    }
    proxy.set_down(false);
    host.get_as("/auth/me", &ada.access_token).await.assert_ok();
    host.get("/readyz").await.assert_ok();
    host.login("ada@example.com").await;
    assert!(!folder.path().join("data").exists());
}
