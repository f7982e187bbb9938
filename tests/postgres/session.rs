//! The settings of a connection, and look-ups that share statements.

use std::time::Duration;

use futures::executor::block_on;
use futures::future::join_all;
use gatewright_postgres::PoolSettings;
use gatewright_storage_postgres::{Executor as _, Value};
use gatewright_tests::postgres::{Connections, PostgresServer};

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

#[test]
fn callers_at_the_same_time_find_their_own_rows() {
    const LOOK_UP: &str = "SELECT count, key FROM limits WHERE key = ANY ($1::text[])";
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
