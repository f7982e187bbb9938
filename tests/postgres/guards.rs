//! The guard rows: while a transaction holds one, another that needs it waits, and then decides on what is committed.

use std::sync::mpsc::{TryRecvError, channel};

use futures::executor::block_on;
use gatewright_postgres::PoolSettings;
use gatewright_storage_postgres::{Executor, Failure, PostgresStorage, Row, Statement};
use gatewright_tests::contract::overlapping::{self, Overlap};
use gatewright_tests::postgres::{Connections, Database, PostgresServer};

/// Waits before the commit, for the lock that the test has.
const HOLD: &str = "SELECT 1 FROM pg_advisory_xact_lock(1)";
const IS_HELD: &str =
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'";
pub(crate) const WAITS: &str = "SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event <> 'advisory'";

/// Connections whose transactions are held before they commit.
struct Held(Connections);

impl Executor for Held {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.0.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        let mut results = self.batch(vec![statement]).await?;
        Ok(results.pop().unwrap_or_default())
    }

    async fn batch(&self, mut statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        statements.push(Statement::new(HOLD, vec![]));
        let mut results = self.0.batch(statements).await?;
        results.pop();
        Ok(results)
    }

    async fn pause(&self, attempt: u32) {
        self.0.pause(attempt).await;
    }
}

struct Pair {
    first: PostgresStorage<Held>,
    second: PostgresStorage<Connections>,
    /// A single connection, which has the lock.
    control: Connections,
    // Deleted after the connections are closed.
    _database: Database,
}

impl Pair {
    fn new() -> Self {
        let database = PostgresServer::shared().database();
        let one = PoolSettings {
            size: 1,
            ..PoolSettings::default()
        };
        Self {
            first: PostgresStorage::new(Held(database.connect())),
            second: PostgresStorage::new(database.connect()),
            control: Connections::new(&database.url(), &one),
            _database: database,
        }
    }

    fn sees(&self, sql: &'static str) -> bool {
        let rows = block_on(self.control.query(Statement::new(sql, vec![])));
        !rows.unwrap().is_empty()
    }
}

impl Overlap for Pair {
    type First = PostgresStorage<Held>;
    type Second = PostgresStorage<Connections>;

    fn storage(&self) -> &Self::Second {
        &self.second
    }

    fn overlap<T: Send>(
        &self,
        first: impl FnOnce(&Self::First) + Send,
        second: impl FnOnce(&Self::Second) -> T + Send,
    ) -> T {
        assert!(self.sees("SELECT 1 FROM pg_advisory_lock(1)"));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| first(&self.first));
            while !first.is_finished() && !self.sees(IS_HELD) {
                std::thread::yield_now();
            }
            let (sender, result) = channel();
            let second = scope.spawn(move || sender.send(second(&self.second)));
            // It ends in any case, because statements have a time limit.
            let mut early = result.try_recv();
            while early.as_ref().err() == Some(&TryRecvError::Empty) && !self.sees(WAITS) {
                early = result.try_recv();
            }
            assert!(self.sees("SELECT 1 WHERE pg_advisory_unlock(1)"));
            first.join().unwrap();
            let result = early.or_else(|_| result.recv());
            let _ = second.join();
            result.unwrap()
        })
    }
}

macro_rules! tests {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            overlapping::$name(&Pair::new());
        })*
    };
}
tests! {
    a_decision_waits_for_what_changes_its_grounds
    a_last_holder_waits_for_another_one
    nobody_gets_a_role_that_is_deleted
    no_session_outlives_the_end_of_all
    one_secret_replaces_another
    a_secret_is_used_by_one_call
    a_rotation_waits_for_the_end_of_its_session
    an_event_tells_of_sessions_that_its_call_ends
    a_signing_key_waits_for_another_one
}

#[test]
fn a_deletion_by_sql_takes_what_a_change_adds() {
    overlapping::a_deletion_takes_what_a_change_adds(&Pair::new(), |storage, id| {
        let delete = format!("DELETE FROM users WHERE id = '{id}'");
        storage.executor().run(&[&delete]).unwrap();
    });
}
