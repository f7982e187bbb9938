//! Storage on an [`Executor`]. Each noun of the contract has its own file or folder.

use crate::executor::Executor;

/// The storage contract in SQL.
#[derive(Debug, Clone)]
pub struct SqliteStorage<E> {
    executor: E,
}

impl<E: Executor> SqliteStorage<E> {
    /// Creates storage on a database that [`migrate`](crate::migrate) has prepared.
    pub fn new(executor: E) -> Self {
        Self { executor }
    }

    /// Returns the executor.
    pub fn executor(&self) -> &E {
        &self.executor
    }
}
