//! The executor of [`gatewright_storage_sqlite`] on `spin:sqlite`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_core::config::SettingError;
use auth_core::storage::StorageError;
use auth_core::{Level, Timestamp};
pub(crate) use gatewright_storage_sqlite::PURGE_EVERY;
use gatewright_storage_sqlite::{
    Executor, MigrationError, Row, SqliteStorage, Statement, Value, error_of_text, is_locked,
};
use spin_sdk::sqlite::{self, Connection};

use crate::clock::now;
use crate::log;

/// The database, by its name in the manifest's `sqlite_databases`.
const DATABASE: &str = "default";

/// Open connections that are not in use. A statement or a transaction takes a connection and puts it back after
/// success. A connection that failed, or whose caller disconnected meanwhile, is closed, which rolls back its
/// transaction.
static IDLE: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

/// Whether this instance has enabled the write-ahead log. The database keeps that mode, unless it is restored from a
/// copy.
static WAL: AtomicBool = AtomicBool::new(false);

struct Opened {
    connection: Connection,
    /// Whether foreign keys are enforced on it, which only writers need. An idle connection that enforces them has
    /// written.
    enforces: bool,
}

/// The database named `default`.
#[derive(Clone, Copy)]
pub(crate) struct SpinSqlite;

impl Executor for SpinSqlite {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        let opened = Opened::take().await?;
        let rows = run(&opened.connection, statement).await?;
        opened.put_back();
        Ok(rows)
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        let opened = Opened::take_to_write().await?;
        let rows = run(&opened.connection, statement).await?;
        opened.put_back();
        Ok(rows)
    }

    async fn batch(&self, mut statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError> {
        if statements.len() == 1 {
            // One statement is its own transaction, and locks the database only for one call.
            let statement = statements.remove(0);
            return Ok(vec![self.execute(statement).await?]);
        }
        let opened = Opened::take_to_write().await?;
        run_text(&opened.connection, "BEGIN IMMEDIATE").await?;
        let mut results = Vec::with_capacity(statements.len());
        for statement in statements {
            results.push(run(&opened.connection, statement).await?);
        }
        run_text(&opened.connection, "COMMIT").await?;
        opened.put_back();
        Ok(results)
    }
}

/// Returns the storage, whose schema must be current.
pub(crate) fn storage() -> SqliteStorage<SpinSqlite> {
    SqliteStorage::new(SpinSqlite)
}

/// Returns whether the schema is current.
pub(crate) async fn is_current() -> bool {
    gatewright_storage_sqlite::is_current(&SpinSqlite).await
}

/// Number of times that a call waits while another one migrates: five seconds for the lock each time.
const WAITS: u32 = 12;

/// Migrates the database to the current schema.
///
/// On a busy machine, another call can create the schema for longer than a statement waits for the lock.
pub(crate) async fn migrate() -> Result<(), StorageError> {
    let mut waits = 0;
    loop {
        match gatewright_storage_sqlite::migrate(&SpinSqlite, now()).await {
            Ok(_) => return Ok(()),
            Err(MigrationError::Newer { found, known, .. }) => {
                return Err(StorageError::Invalid(format!(
                    "the database has schema {found}, but this version knows only {known}: use a newer Gatewright"
                )));
            }
            Err(MigrationError::Storage(error)) if waits < WAITS && is_locked(&error) => {
                log::emit(
                    Level::Info,
                    "waiting while another call migrates the database",
                    &[],
                );
                waits += 1;
            }
            Err(MigrationError::Storage(error)) => return Err(error),
        }
    }
}

/// Deletes expired data, unless another instance did so recently.
pub(crate) async fn purge_when_due(
    now: Timestamp,
    retention: impl Future<Output = Result<Option<Duration>, String>>,
) -> Result<bool, StorageError> {
    gatewright_storage_sqlite::purge_when_due(&SpinSqlite, now, retention).await
}

/// The database has no settings of its own: the manifest names it.
pub(crate) async fn check_settings() -> Result<(), SettingError> {
    Ok(())
}

impl Opened {
    async fn take() -> Result<Self, StorageError> {
        let idle = idle().pop();
        match idle {
            Some(opened) => Ok(opened),
            None => Self::open().await,
        }
    }

    /// Takes a connection that has written before, or opens a new one. A connection that was opened while the database
    /// was read-only stays read-only, even after the database becomes writable.
    async fn take_to_write() -> Result<Self, StorageError> {
        let idle = {
            let mut idle = idle();
            let writer = idle.iter().position(|opened| opened.enforces);
            writer.map(|index| idle.swap_remove(index))
        };
        if let Some(opened) = idle {
            return Ok(opened);
        }
        let mut opened = Self::open().await?;
        run_text(&opened.connection, "PRAGMA foreign_keys = ON").await?;
        opened.enforces = true;
        if !WAL.swap(true, Ordering::Relaxed) {
            // Lets readers and writers run concurrently, if the database supports it. Otherwise everything works, but
            // slower.
            let _ = run_text(&opened.connection, "PRAGMA journal_mode = WAL").await;
        }
        Ok(opened)
    }

    async fn open() -> Result<Self, StorageError> {
        let connection = Connection::open(DATABASE).await.map_err(storage_error)?;
        Ok(Self {
            connection,
            enforces: false,
        })
    }

    fn put_back(self) {
        idle().push(self);
    }
}

fn idle() -> MutexGuard<'static, Vec<Opened>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
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
            let problem = "a column contains neither text nor an integer";
            Err(StorageError::Invalid(problem.to_owned()))
        }
    });
    values.collect::<Result<_, _>>().map(Row::new)
}

fn storage_error(error: sqlite::Error) -> StorageError {
    match error {
        sqlite::Error::NoSuchDatabase => StorageError::Invalid(format!(
            "Spin has no database named {DATABASE}: define it in the runtime configuration"
        )),
        sqlite::Error::AccessDenied => StorageError::Invalid(format!(
            "access to the database {DATABASE} is denied: add it to sqlite_databases in the manifest"
        )),
        sqlite::Error::InvalidConnection => StorageError::Unavailable(
            "the database can't be opened; for libSQL, check url and token".to_owned(),
        ),
        sqlite::Error::DatabaseFull => StorageError::Unavailable("the database is full".to_owned()),
        sqlite::Error::Io(text) => error_of_text(text),
    }
}
