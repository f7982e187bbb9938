//! `spin:sqlite` for [`gatewright_sql`].

use std::sync::{Mutex, PoisonError};

use auth_core::storage::StorageError;
use gatewright_sql::{Executor, Row, Statement, Value};
use spin_sdk::sqlite::{self, Connection};

/// The database, by its name in the manifest's `sqlite_databases`.
const DATABASE: &str = "default";

/// Open connections that nobody uses. A connection is taken for a statement or a transaction and put back when that
/// succeeded: one that failed, or whose caller went away in between, is closed, which undoes what it had begun.
static IDLE: Mutex<Vec<Connection>> = Mutex::new(Vec::new());

/// The database named `default`.
#[derive(Clone, Copy)]
pub(crate) struct SpinSqlite;

impl Executor for SpinSqlite {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        self.execute(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        let connection = take().await?;
        let rows = run(&connection, statement).await?;
        put_back(connection);
        Ok(rows)
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError> {
        let connection = take().await?;
        run_text(&connection, "BEGIN IMMEDIATE").await?;
        let mut results = Vec::with_capacity(statements.len());
        for statement in statements {
            results.push(run(&connection, statement).await?);
        }
        run_text(&connection, "COMMIT").await?;
        put_back(connection);
        Ok(results)
    }
}

/// Lets readers and writers pass each other, where the database can: everything works without, only slower.
pub(crate) async fn prefer_wal() {
    if let Ok(connection) = take().await
        && run_text(&connection, "PRAGMA journal_mode = WAL")
            .await
            .is_ok()
    {
        put_back(connection);
    }
}

async fn take() -> Result<Connection, StorageError> {
    let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    if let Some(connection) = idle {
        return Ok(connection);
    }
    let connection = Connection::open(DATABASE).await.map_err(storage_error)?;
    run_text(&connection, "PRAGMA foreign_keys = ON").await?;
    Ok(connection)
}

fn put_back(connection: Connection) {
    IDLE.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(connection);
}

async fn run_text(connection: &Connection, sql: &'static str) -> Result<Vec<Row>, StorageError> {
    run(connection, Statement::new(sql, vec![])).await
}

async fn run(connection: &Connection, statement: Statement) -> Result<Vec<Row>, StorageError> {
    let parameters = statement.parameters.into_iter().map(|value| match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(number) => sqlite::Value::Integer(number),
        Value::Text(text) => sqlite::Value::Text(text),
    });
    let result = connection
        .execute(statement.sql, parameters)
        .await
        .map_err(storage_error)?;
    let rows = result.collect().await.map_err(storage_error)?;
    rows.into_iter().map(row).collect()
}

fn row(row: sqlite::RowResult) -> Result<Row, StorageError> {
    let values = row.values.into_iter().map(|value| match value {
        sqlite::Value::Null => Ok(Value::Null),
        sqlite::Value::Integer(number) => Ok(Value::Integer(number)),
        sqlite::Value::Text(text) => Ok(Value::Text(text)),
        sqlite::Value::Real(_) | sqlite::Value::Blob(_) => {
            let problem = "a column holds neither text nor a whole number";
            Err(StorageError::Invalid(problem.to_owned()))
        }
    });
    values.collect::<Result<_, _>>().map(Row::new)
}

/// Which of the two kinds of failure it is. Spin tells them apart by text alone; what is not known to be the
/// statement's or the schema's fault may pass.
fn storage_error(error: sqlite::Error) -> StorageError {
    /// Texts of SQLite that mean that the same statement will fail again.
    const LASTING: [&str; 6] = [
        "no such table",
        "no such column",
        "has no column named",
        "constraint failed",
        "syntax error",
        "file is not a database",
    ];
    match error {
        sqlite::Error::NoSuchDatabase => StorageError::Unavailable(format!(
            "Spin knows no database named {DATABASE}: see its runtime configuration"
        )),
        sqlite::Error::AccessDenied => StorageError::Invalid(format!(
            "the component may not use the database {DATABASE}: name it in sqlite_databases in the manifest"
        )),
        sqlite::Error::InvalidConnection => {
            StorageError::Unavailable("the connection was closed".to_owned())
        }
        sqlite::Error::DatabaseFull => StorageError::Unavailable("the database is full".to_owned()),
        sqlite::Error::Io(text) if LASTING.iter().any(|lasting| text.contains(lasting)) => {
            StorageError::Invalid(text)
        }
        sqlite::Error::Io(text) => StorageError::Unavailable(text),
    }
}
