//! Transactions that fail as if a concurrent one had overtaken them.

use std::sync::atomic::{AtomicU32, Ordering};

use gatewright_postgres::Postgres;
use gatewright_storage_postgres::{Executor, Failure, Row, Statement};

use crate::plans::{Planners, costly};

/// Connections on which every seventh transaction is refused, with the codes of a serialization failure and of a deadlock
/// in turn. A statement with a costly plan is not run.
pub(crate) struct Overtaken {
    pub(crate) postgres: Postgres,
    pub(crate) planners: Planners,
}

impl Overtaken {
    async fn check(&self, statement: &Statement) {
        if let Some(costly) = costly(&self.planners, statement).await {
            panic!("{costly}");
        }
    }
}

fn refuse() -> Result<(), Failure> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let code = match COUNT.fetch_add(1, Ordering::Relaxed) % 14 {
        6 => "40001",
        13 => "40P01",
        _ => return Ok(()),
    };
    Err(Failure::of_code(code, "injected".to_owned()))
}

impl Executor for Overtaken {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.check(&statement).await;
        self.postgres.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.check(&statement).await;
        refuse()?;
        self.postgres.execute(statement).await
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        for statement in &statements {
            self.check(statement).await;
        }
        refuse()?;
        self.postgres.batch(statements).await
    }

    async fn pause(&self, attempt: u32) {
        self.postgres.pause(attempt).await;
    }
}
