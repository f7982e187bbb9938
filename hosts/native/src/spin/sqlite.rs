//! `spin:sqlite`: every connection of a component is one of SQLite, as in Spin, so that transactions on it are
//! isolated from all others.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{Value as SqliteValue, ValueRef};
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};

use super::spin_sqlite::{Error, HostConnectionWithStore, QueryResult, RowResult, Value};
use super::{Spin, SpinView};
use crate::sqlite::{BUSY_TIMEOUT, create_private, prepare_once};

/// The file of the database named `default`.
pub(super) fn path(state: &Path) -> PathBuf {
    state.join("sqlite_db.db")
}

/// A connection, which waits on no thread that serves requests.
#[derive(Clone)]
pub struct Connection(Arc<Mutex<rusqlite::Connection>>);

impl Connection {
    /// Opens a database, making the file where it is missing.
    fn open(path: &Path) -> Result<Self, Error> {
        let open = || -> anyhow::Result<_> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            if !path.exists() {
                create_private(path)?;
            }
            let connection = rusqlite::Connection::open(path)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            prepare_once(&connection)?;
            Ok(connection)
        };
        match open() {
            Ok(connection) => Ok(Self(Arc::new(Mutex::new(connection)))),
            Err(error) => Err(Error::Io(error.to_string())),
        }
    }

    /// Runs something with the connection on a thread that may block.
    async fn with<R: Send + 'static>(
        self,
        work: impl FnOnce(&rusqlite::Connection) -> R + Send + 'static,
    ) -> Result<R, Error> {
        let run = move || work(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(run)
            .await
            .map_err(|error| Error::Io(error.to_string()))
    }
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
    /// Where a database is.
    fn database(&self, name: &str) -> Result<PathBuf, Error> {
        if self.app.databases.iter().any(|allowed| allowed == name) {
            Ok(path(self.app.state()))
        } else {
            Err(Error::AccessDenied)
        }
    }

    /// The connection behind a handle.
    fn connection(&self, handle: &Resource<Connection>) -> Result<Connection, Error> {
        self.table
            .get(handle)
            .cloned()
            .map_err(|_| Error::InvalidConnection)
    }

    fn keep(&mut self, connection: Connection) -> Result<Resource<Connection>, Error> {
        self.table
            .push(connection)
            .map_err(|error| Error::Io(error.to_string()))
    }
}

async fn open(path: PathBuf) -> Result<Connection, Error> {
    tokio::task::spawn_blocking(move || Connection::open(&path))
        .await
        .map_err(|error| Error::Io(error.to_string()))?
}

async fn execute(
    connection: Result<Connection, Error>,
    statement: String,
    parameters: Vec<Value>,
) -> Result<QueryResult, Error> {
    connection?
        .with(move |connection| query(connection, &statement, parameters))
        .await?
        // SQLite's texts name tables and columns and never values.
        .map_err(|error| Error::Io(error.to_string()))
}

async fn last_insert_rowid(connection: Result<Connection, Error>) -> i64 {
    match connection {
        Ok(connection) => connection
            .with(rusqlite::Connection::last_insert_rowid)
            .await
            .unwrap_or_default(),
        Err(_) => 0,
    }
}

async fn changes(connection: Result<Connection, Error>) -> u64 {
    match connection {
        Ok(connection) => connection
            .with(rusqlite::Connection::changes)
            .await
            .unwrap_or_default(),
        Err(_) => 0,
    }
}

/// The functions in their two forms: those that are `async` in WIT leave the instance to others while they wait.
impl<T: Send + 'static> HostConnectionWithStore<T> for Spin {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        let path = accessor.with(|mut store| store.get().database(&database))?;
        let connection = open(path).await?;
        accessor.with(|mut store| store.get().keep(connection))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<Executed, Error> {
        let connection = accessor.with(|mut store| store.get().connection(&handle));
        let QueryResult { columns, rows } = execute(connection, statement, parameters).await?;
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
        last_insert_rowid(accessor.with(|mut store| store.get().connection(&handle))).await
    }

    async fn changes_async(accessor: &Accessor<T, Self>, handle: Resource<Connection>) -> u64 {
        changes(accessor.with(|mut store| store.get().connection(&handle))).await
    }

    async fn open(
        mut store: Access<'_, T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        let path = store.get().database(&database)?;
        let connection = open(path).await?;
        store.get().keep(connection)
    }

    async fn execute(
        mut store: Access<'_, T, Self>,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let connection = store.get().connection(&handle);
        execute(connection, statement, parameters).await
    }

    async fn last_insert_rowid(
        mut store: Access<'_, T, Self>,
        handle: Resource<Connection>,
    ) -> i64 {
        let connection = store.get().connection(&handle);
        last_insert_rowid(connection).await
    }

    async fn changes(mut store: Access<'_, T, Self>, handle: Resource<Connection>) -> u64 {
        let connection = store.get().connection(&handle);
        changes(connection).await
    }

    async fn drop(
        accessor: &Accessor<T, Self>,
        handle: Resource<Connection>,
    ) -> wasmtime::Result<()> {
        // The last use of it closes it, which undoes a transaction that was not committed.
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }
}

type Executed = (
    Vec<String>,
    StreamReader<RowResult>,
    FutureReader<Result<(), Error>>,
);
