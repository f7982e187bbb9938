//! Lists of new users, which are stored at once unless somebody is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatewright_storage_postgres::{Executor, Failure, PostgresStorage, Row, Statement};
use gatewright_tests::contract::a_list_with_known_users_fails_no_transaction;
use gatewright_tests::postgres::{Connections, PostgresServer};

/// Connections whose failed transactions are counted.
struct Counted {
    connections: Connections,
    failed: Arc<AtomicUsize>,
}

impl Executor for Counted {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.connections.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.connections.execute(statement).await
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        let done = self.connections.batch(statements).await;
        self.failed
            .fetch_add(done.is_err().into(), Ordering::Relaxed);
        done
    }

    async fn pause(&self, attempt: u32) {
        self.connections.pause(attempt).await;
    }
}

#[test]
fn known_users_are_no_errors_of_the_server() {
    let database = PostgresServer::shared().database();
    let failed = Arc::new(AtomicUsize::new(0));
    let storage = PostgresStorage::new(Counted {
        connections: database.connect(),
        failed: Arc::clone(&failed),
    });
    a_list_with_known_users_fails_no_transaction(&storage, || failed.load(Ordering::Relaxed));
}
