//! The settings of a connection, and look-ups that share statements.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::time::Duration;

use auth_core::storage::StorageError;
use futures::FutureExt as _;
use futures::executor::block_on;
use futures::future::join_all;
use gatewright_postgres::{PoolSettings, Postgres};
use gatewright_storage_postgres::{Executor as _, Failure, Row, Value};
use gatewright_tests::postgres::{Connections, PostgresServer};
use tokio::runtime::Builder;

#[test]
fn a_connection_limits_its_statements_and_compiles_none() {
    let database = PostgresServer::shared().database();
    let settings = PoolSettings {
        statement_timeout: Duration::from_millis(1500),
        ..PoolSettings::default()
    };
    let connections = Connections::new(&database.url(), &settings);
    for (name, expected) in [
        ("jit", "off"),
        ("statement_timeout", "1500ms"),
        ("idle_in_transaction_session_timeout", "1500ms"),
    ] {
        let query = format!("SELECT current_setting('{name}')");
        let row = connections.run(&[&query]).unwrap().swap_remove(0);
        assert_eq!(row.into_values(), [expected.into()], "{name}");
    }
}

/// Callers of other threads use the connections while the runtime runs, and get an error after its end.
#[test]
fn connections_move_to_a_runtime() {
    let database = PostgresServer::shared().database();
    let connections = database.connect();
    let backend = || {
        let rows = connections.run(&["SELECT pg_backend_pid()::bigint"])?;
        Ok::<_, Failure>(rows.into_iter().map(Row::into_values).collect::<Vec<_>>())
    };
    let before = backend().unwrap();
    assert_eq!(backend().unwrap(), before);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    connections.postgres().run_on(runtime.handle());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let moved = std::thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(stopped));
        let moved = backend();
        drop(stop);
        moved
    });
    assert_ne!(moved.unwrap(), before, "the connection is still open");
    let looking_up = connections.postgres();
    let mut waiting = pin!(looking_up.look_up(LOOK_UP, "one".to_owned()));
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(runtime);
    let later = looking_up.look_up(LOOK_UP, "two".to_owned());
    for ended in [
        backend().map(drop),
        block_on(waiting).map(drop),
        block_on(later).map(drop),
    ] {
        assert!(matches!(
            ended,
            Err(Failure::Failed(StorageError::Unavailable(_)))
        ));
    }
}

const LOOK_UP: &str = "SELECT count, key FROM limits WHERE key = ANY ($1::text[])";

#[test]
fn callers_at_the_same_time_find_their_own_rows() {
    let database = PostgresServer::shared().database();
    let connections = database.connect();
    let fill = "INSERT INTO limits (key, count, resets_at) SELECT 'key' || n, n, 1 FROM generate_series(1, 100) AS n";
    connections.run(&[fill]).unwrap();
    let postgres = connections.postgres();
    // Each key has two callers, and half of the keys have no row.
    let found = block_on(join_all((0..400).map(|number| {
        let key = format!("key{}", number / 2 + 1);
        postgres.look_up(LOOK_UP, key)
    })));
    for (number, rows) in (0..400).zip(found) {
        let counts: Vec<_> = rows
            .unwrap()
            .into_iter()
            .map(|row| row.into_values())
            .collect();
        let count = number / 2 + 1;
        let expected =
            (count <= 100).then(|| vec![Value::Integer(count), format!("key{count}").into()]);
        assert_eq!(counts, Vec::from_iter(expected));
    }
}

/// Looks up a key on a thread of its own, and returns the number of rows.
fn look_up_in_time(postgres: Postgres, sql: &'static str, key: &'static str) -> usize {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let found = block_on(postgres.look_up(sql, key.to_owned()));
        let _ = sender.send(found);
    });
    let found = receiver.recv_timeout(Duration::from_secs(20)).unwrap();
    found.unwrap().len()
}

/// The first caller has begun the look-up. Then its request ends, or its thread is busy with something else.
#[test]
fn a_caller_that_stops_hinders_no_others() {
    let database = PostgresServer::shared().database();
    let connections = database.connect();
    for ends in [true, false] {
        let postgres = connections.postgres();
        let mut first = Box::pin(postgres.look_up(LOOK_UP, "one".to_owned()));
        assert!(first.as_mut().now_or_never().is_none());
        let busy = (!ends).then_some(first);
        assert_eq!(look_up_in_time(connections.postgres(), LOOK_UP, "two"), 0);
        drop(busy);
    }
}

/// The thread of a runtime waits for the answer, and polls nothing else.
#[test]
fn a_thread_that_waits_for_a_look_up_gets_it() {
    let database = PostgresServer::shared().database();
    let connections = database.connect();
    let (sender, receiver) = channel();
    let postgres = connections.postgres();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().build();
        let found = runtime.unwrap().block_on(async {
            let looking_up = postgres.look_up(LOOK_UP, "one".to_owned());
            block_on(looking_up)
        });
        let _ = sender.send(found);
    });
    let found = receiver.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(found.unwrap().len(), 0);
}

#[test]
fn a_look_up_that_takes_long_stops_no_others() {
    const SLEEPS: &str = "SELECT 1::bigint, key FROM unnest($1::text[]) AS key,
        pg_sleep(CASE WHEN 'slow' = ANY ($1::text[]) THEN 60 ELSE 0 END)";
    const ASLEEP: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
        AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
    let database = PostgresServer::shared().database();
    let connections = database.connect();
    let postgres = connections.postgres();
    let mut slow = pin!(postgres.look_up(SLEEPS, "slow".to_owned()));
    let asleep = || {
        connections
            .run(&[ASLEEP])
            .unwrap()
            .swap_remove(0)
            .into_values()
    };
    while asleep() == [Value::Integer(0)] {
        assert!(slow.as_mut().now_or_never().is_none());
    }
    assert_eq!(look_up_in_time(connections.postgres(), SLEEPS, "quick"), 1);
    assert!(slow.now_or_never().is_none());
}
