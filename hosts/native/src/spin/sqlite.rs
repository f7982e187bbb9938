//! `spin:sqlite`: every connection of a component is a connection of SQLite, as in Spin, so that its transactions are
//! isolated from all others.

use rusqlite::types::{Value as SqliteValue, ValueRef};
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};

use super::bindings::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use super::connection::Connection;
use super::view::{Spin, SpinView};
use crate::sqlite::BUSY_TIMEOUT;

impl Host for SpinView<'_> {}
impl HostConnection for SpinView<'_> {}

/// Returns the text of an error. SQLite's texts contain names of tables and columns, but never values.
fn io_error(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

/// Runs a statement: immediately if it only reads and need not wait, otherwise on a thread that can block.
async fn run(
    connection: Connection,
    statement: String,
    parameters: Vec<Value>,
) -> Result<QueryResult, Error> {
    let read = connection.read_now(&statement, |connection| {
        query(connection, &statement, parameters.to_vec())
    });
    if let Some(result) = read {
        return result.map_err(io_error);
    }
    let run = move || {
        let connection = connection.lock();
        // Waits like Spin: SQLite checks at growing intervals, at last ten times a second.
        connection.busy_timeout(BUSY_TIMEOUT)?;
        query(&connection, &statement, parameters)
    };
    tokio::task::spawn_blocking(run)
        .await
        .map_err(|error| Error::Io(error.to_string()))?
        .map_err(io_error)
}

fn query(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: Vec<Value>,
) -> rusqlite::Result<QueryResult> {
    let mut prepared = connection.prepare_cached(statement)?;
    let columns: Vec<_> = prepared.column_names().map(str::to_owned).collect();
    let count = columns.len();
    let parameters = parameters.into_iter().map(|value| match value {
        Value::Null => SqliteValue::Null,
        Value::Integer(number) => SqliteValue::Integer(number),
        Value::Real(number) => SqliteValue::Real(number),
        Value::Text(text) => SqliteValue::Text(text),
        Value::Blob(bytes) => SqliteValue::Blob(bytes),
    });
    let mut found = prepared.query(rusqlite::params_from_iter(parameters))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let value = |index| {
            Ok(match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
            })
        };
        let values = (0..count).map(value).collect::<rusqlite::Result<_>>()?;
        rows.push(RowResult { values });
    }
    Ok(QueryResult { columns, rows })
}

impl SpinView<'_> {
    /// Opens a database that the manifest allows.
    fn open(&mut self, database: &str) -> Result<Resource<Connection>, Error> {
        if !self.app.databases.iter().any(|allowed| allowed == database) {
            return Err(Error::AccessDenied);
        }
        let path = self.app.database();
        self.app.kept_connection.keep(&path);
        let connection = Connection::open(&path).map_err(|error| Error::Io(error.to_string()))?;
        self.table
            .push(connection)
            .map_err(|error| Error::Io(error.to_string()))
    }

    /// Returns the connection of a handle.
    fn connection(&self, handle: &Resource<Connection>) -> Result<Connection, Error> {
        self.table
            .get(handle)
            .cloned()
            .map_err(|_| Error::InvalidConnection)
    }
}

fn last_insert_rowid(connection: Result<Connection, Error>) -> i64 {
    match connection {
        Ok(connection) => connection.lock().last_insert_rowid(),
        Err(_) => 0,
    }
}

fn changes(connection: Result<Connection, Error>) -> u64 {
    match connection {
        Ok(connection) => connection.lock().changes(),
        Err(_) => 0,
    }
}

/// The functions in their two forms. Those that are `async` in WIT let the instance serve others while they wait.
impl<T: Send + 'static> HostConnectionWithStore<T> for Spin {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        accessor.with(|mut store| store.get().open(&database))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<Executed, Error> {
        let connection = accessor.with(|mut store| store.get().connection(&handle))?;
        let QueryResult { columns, rows } = run(connection, statement, parameters).await?;
        accessor
            .with(|mut store| {
                let rows = StreamReader::new(&mut store, rows)?;
                let done = async { Ok::<_, wasmtime::Error>(Ok(())) };
                Ok((columns, rows, FutureReader::new(&mut store, done)?))
            })
            .map_err(|error: wasmtime::Error| Error::Io(error.to_string()))
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        handle: Resource<Connection>,
    ) -> i64 {
        last_insert_rowid(accessor.with(|mut store| store.get().connection(&handle)))
    }

    async fn changes_async(accessor: &Accessor<T, Self>, handle: Resource<Connection>) -> u64 {
        changes(accessor.with(|mut store| store.get().connection(&handle)))
    }

    async fn open(
        mut store: Access<'_, T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        store.get().open(&database)
    }

    async fn execute(
        mut store: Access<'_, T, Self>,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let connection = store.get().connection(&handle)?;
        run(connection, statement, parameters).await
    }

    async fn last_insert_rowid(
        mut store: Access<'_, T, Self>,
        handle: Resource<Connection>,
    ) -> i64 {
        last_insert_rowid(store.get().connection(&handle))
    }

    async fn changes(mut store: Access<'_, T, Self>, handle: Resource<Connection>) -> u64 {
        changes(store.get().connection(&handle))
    }

    async fn drop(
        accessor: &Accessor<T, Self>,
        handle: Resource<Connection>,
    ) -> wasmtime::Result<()> {
        // It closes with its last use, which rolls back an uncommitted transaction.
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }
}

type Executed = (
    Vec<String>,
    StreamReader<RowResult>,
    FutureReader<Result<(), Error>>,
);
