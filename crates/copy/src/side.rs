//! One side of a copy: its source or its target.

use anyhow::Result;
use gatewright_storage_postgres::Value;

use crate::position::Position;
use crate::tables::{Column, Table};

/// A row, in the canonical form.
pub(crate) type Row = Vec<Value>;

/// A database that a copy reads or writes. No host uses it meanwhile.
pub(crate) trait Side {
    /// Returns how messages name the database.
    fn name(&self) -> String;

    /// Returns the newest version of its schema that this program knows.
    fn newest(&self) -> u64;

    /// Returns the version of its schema, or 0 for an empty database.
    async fn version(&self) -> Result<u64>;

    /// Returns the names of its tables and of their columns, except those that the database itself creates.
    async fn columns(&self) -> Result<Vec<(String, String)>>;

    /// Returns whether a column exists for this database alone.
    fn is_own_column(&self, table: &Table, column: &str) -> bool;

    /// Returns the name of a column.
    fn column_name(&self, column: &Column) -> &'static str;

    /// Reads the next rows of a table after a key, at most [`BATCH`](crate::tables::BATCH). Without a key it reads the first ones.
    async fn read(&self, table: &Table, after: &[String]) -> Result<Vec<Row>>;

    /// Waits a short time for the end of connections of hosts, and fails if others remain.
    async fn refuse_hosts(&self) -> Result<()>;

    /// Creates the schema in an empty database.
    async fn create_schema(&mut self) -> Result<()>;

    /// Returns the position of the copy that this database is the target of.
    async fn position(&self) -> Result<Option<Position>>;

    /// Stores the first position of a copy. Hosts refuse the database from now on.
    async fn begin(&mut self, position: &Position) -> Result<()>;

    /// Writes rows and the position behind them, both or neither. `first` deletes the rows that the table has.
    async fn write(
        &mut self,
        table: &Table,
        rows: Vec<Row>,
        first: bool,
        position: &Position,
    ) -> Result<()>;

    /// Ends the copy: hosts can use the database.
    async fn finish(&mut self) -> Result<()>;
}
