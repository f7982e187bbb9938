//! Connections of this instance.

use std::sync::{Mutex, MutexGuard, PoisonError};

use auth_core::storage::StorageError;
use gatewright_storage_postgres::{Failure, Row, Statement};

use super::address;
use super::bindings::{Connection, ConnectionBuilder, Error, QueryError};
use super::values::{parameter, row};

/// Open connections that are not in use, as in the other storage.
static IDLE: Mutex<Vec<Connection>> = Mutex::new(Vec::new());

/// The number of connections that an instance keeps. Spin has 64 for all instances together, and lets others wait.
const KEPT: usize = 2;

/// A connection that nobody else uses. It returns to Spin's pool when it is dropped.
pub(super) struct Taken(Connection);

impl Taken {
    /// Takes an idle connection, or opens a new one.
    pub(super) async fn take() -> Result<Self, Failure> {
        let idle = idle().pop();
        match idle {
            Some(connection) => Ok(Self(connection)),
            None => Self::open().await,
        }
    }

    async fn open() -> Result<Self, Failure> {
        let address = address::get()
            .await
            .map_err(|error| Failure::Failed(StorageError::Unavailable(error.to_string())))?;
        let opened = match &address.authority {
            None => Connection::open_async(address.url.clone()).await,
            Some(authority) => {
                let builder = ConnectionBuilder::new(&address.url);
                builder.set_ca_root(authority).map_err(failure)?;
                builder.build_async().await
            }
        };
        let taken = Self(opened.map_err(failure)?);
        // Spin's pool hands a connection on with its transaction still open.
        taken.run_text("ROLLBACK").await?;
        Ok(taken)
    }

    /// Keeps the connection for later calls if its last result is a success.
    pub(super) fn put_back<T>(self, last: &Result<T, Failure>) {
        let mut idle = idle();
        if last.is_ok() && idle.len() < KEPT {
            idle.push(self.0);
        }
    }

    /// Runs a statement without parameters and rows.
    pub(super) async fn run_text(&self, sql: &'static str) -> Result<(), Failure> {
        self.run(Statement::new(sql, vec![])).await.map(|_| ())
    }

    /// Runs a statement.
    pub(super) async fn run(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        let parameters: Vec<_> = statement.parameters.into_iter().map(parameter).collect();
        let sql = statement.sql.into_owned();
        let (_, mut found, done) = self.0.query_async(sql, parameters).await.map_err(failure)?;
        let mut rows = Vec::new();
        while let Some(values) = found.next().await {
            rows.push(row(values)?);
        }
        done.await.map_err(failure)?;
        Ok(rows)
    }
}

fn idle() -> MutexGuard<'static, Vec<Connection>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Classifies an error of Spin. Its whole text contains values, so only the server's code and message are used.
fn failure(error: Error) -> Failure {
    match error {
        Error::QueryFailed(QueryError::DbError(error)) => {
            Failure::of_code(&error.code, error.message)
        }
        Error::QueryFailed(QueryError::Text(_)) => {
            unavailable("the connection to the database was lost".to_owned())
        }
        Error::ConnectionFailed(text) if text.contains("is not permitted") => unavailable(
            "allowed_outbound_hosts in the manifest does not allow the host of DATABASE_URL: set database_origin"
                .to_owned(),
        ),
        // The cause can contain a part of the URL.
        Error::ConnectionFailed(text) if text.contains("connection string") => {
            unavailable(address::malformed())
        }
        Error::ConnectionFailed(text) => {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            unavailable(format!("the database can't be reached: {text}"))
        }
        Error::BadParameter(_) | Error::ValueConversionFailed(_) | Error::Other(_) => {
            let text = "Spin can't convert a value or a certificate".to_owned();
            Failure::Failed(StorageError::Invalid(text))
        }
    }
}

fn unavailable(text: String) -> Failure {
    Failure::Failed(StorageError::Unavailable(text))
}
