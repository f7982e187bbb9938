//! A connection to a database of a component.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rusqlite::ErrorCode;

use crate::sqlite::{create_private, prepare_once};

/// A connection.
#[derive(Clone)]
pub struct Connection(Arc<Mutex<rusqlite::Connection>>);

impl Connection {
    /// Opens a database, and creates the file if it is missing.
    pub(super) fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            create_private(path)?;
        }
        let connection = rusqlite::Connection::open(path)?;
        prepare_once(&connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, rusqlite::Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the result of a statement that only reads. `None` means that it also writes, or waits for a lock.
    pub(super) fn read_now<T>(
        &self,
        statement: &str,
        read: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Option<rusqlite::Result<T>> {
        let connection = self.lock();
        let read = || {
            connection.busy_timeout(Duration::ZERO)?;
            // In a transaction, the statement can be the one that ends it, which waits for the disk.
            if !connection.is_autocommit() || !connection.prepare_cached(statement)?.readonly() {
                return Ok(None);
            }
            read(&connection).map(Some)
        };
        match read() {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => None,
            result => result.transpose(),
        }
    }
}

/// Keeps a connection open. SQLite moves the write-ahead log into the database when the last connection closes, which
/// would happen after every request of an instance that is used once.
#[derive(Default)]
pub(super) struct KeptConnection(Mutex<Option<Connection>>);

impl KeptConnection {
    /// Opens the connection unless it is open.
    pub(super) fn keep(&self, path: &Path) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = Connection::open(path).ok();
        }
        // SQLite counts it only after it has read the log, which can be newer than the connection.
        let reads = kept.as_ref().is_some_and(|connection| {
            let statement = "SELECT count(*) FROM sqlite_schema";
            let read = connection.read_now(statement, |connection| {
                let mut prepared = connection.prepare_cached(statement)?;
                prepared.query_row([], |_| Ok(()))
            });
            read.is_none_or(|result| result.is_ok())
        });
        if !reads {
            *kept = None;
        }
    }
}
