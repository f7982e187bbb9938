//! Lists of new users, which are stored as a whole unless somebody is known.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use gatewright_postgres::PoolSettings;
use gatewright_storage_postgres::{Executor, Failure, PostgresStorage, Row, Statement, Value};
use gatewright_tests::contract::{a_list_of_one, a_list_takes_few_transactions};
use gatewright_tests::postgres::{Connections, PostgresServer};

/// The rows of `users` that this connection has lately read without an index.
const READ: &str = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'users'";

/// A connection whose transactions are counted.
struct Counted {
    connection: Connections,
    transactions: AtomicUsize,
    failed: AtomicUsize,
    read: AtomicI64,
}

impl Counted {
    fn new(url: &str) -> Self {
        let one = PoolSettings {
            size: 1,
            ..PoolSettings::default()
        };
        Self {
            connection: Connections::new(url, &one),
            transactions: AtomicUsize::default(),
            failed: AtomicUsize::default(),
            read: AtomicI64::default(),
        }
    }
}

impl Executor for Counted {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.connection.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.connection.execute(statement).await
    }

    async fn batch(&self, mut statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        statements.push(Statement::new(READ, vec![]));
        let done = self.connection.batch(statements).await;
        self.failed
            .fetch_add(done.is_err().into(), Ordering::Relaxed);
        let mut results = done?;
        let read = results.pop().into_iter().flatten().next();
        let read = match read.into_iter().flat_map(Row::into_values).next() {
            Some(Value::Integer(read)) => read,
            other => panic!("{other:?} instead of a number of rows"),
        };
        self.read.store(read, Ordering::Relaxed);
        Ok(results)
    }

    async fn pause(&self, attempt: u32) {
        self.connection.pause(attempt).await;
    }
}

#[test]
fn known_users_are_no_errors_of_the_server() {
    let database = PostgresServer::shared().database();
    let storage = PostgresStorage::new(Counted::new(&database.url()));
    a_list_takes_few_transactions(&storage, || {
        let counted = storage.executor();
        let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (count(&counted.transactions), count(&counted.failed))
    });
}

/// The server keeps a plan after five executions, and has statistics of few users then.
#[test]
fn a_plan_for_few_users_is_none_for_many() {
    let database = PostgresServer::shared().database();
    let (control, storage) = (
        database.connect(),
        PostgresStorage::new(Counted::new(&database.url())),
    );
    assert!(a_list_of_one(&storage, 1));
    control.run(&["ANALYZE users"]).unwrap();
    for _ in 0..8 {
        assert!(a_list_of_one(&storage, 1), "a repeated call");
    }
    control
        .run(&[
            "INSERT INTO users (id, email_key, profile, created_at, updated_at)
            SELECT 'u' || n, 'u' || n || '@example.com', '{}', 0, 0 FROM generate_series(1, 20000) AS n",
        ])
        .unwrap();
    assert!(a_list_of_one(&storage, 2));
    let read = storage.executor().read.load(Ordering::Relaxed);
    assert!(read < 1000, "{read} rows");
}
