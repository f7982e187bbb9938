//! Storage on an [`Executor`]. Each noun of the contract has its own file or folder.

use crate::database::Database;
use crate::executor::Executor;

/// The storage contract in PostgreSQL's SQL.
#[derive(Debug, Clone)]
pub struct PostgresStorage<E> {
    database: Database<E>,
}

impl<E: Executor> PostgresStorage<E> {
    /// Creates storage on a database that [`migrate`](crate::migrate) has prepared.
    pub fn new(executor: E) -> Self {
        Self {
            database: Database { executor },
        }
    }

    /// Returns the executor.
    pub fn executor(&self) -> &E {
        &self.database.executor
    }

    /// Returns the database.
    pub(crate) fn database(&self) -> &Database<E> {
        &self.database
    }
}
