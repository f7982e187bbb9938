//! Storage over an [`Executor`]. Each noun of the contract has a file of its own, or a folder.

use crate::executor::Executor;

/// The storage contract in SQL.
#[derive(Debug, Clone)]
pub struct SqliteStorage<E> {
    executor: E,
}

impl<E: Executor> SqliteStorage<E> {
    /// Storage in a database that [`migrate`](crate::migrate) has prepared.
    pub fn new(executor: E) -> Self {
        Self { executor }
    }

    /// The executor it was made with.
    pub fn executor(&self) -> &E {
        &self.executor
    }
}
