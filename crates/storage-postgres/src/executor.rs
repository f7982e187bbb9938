//! The interface between SQL and a host's connections.

use std::borrow::Cow;

use gatewright_storage::StorageError;

use crate::value::{Row, Value};

/// One SQL statement with its parameters. `$1` is the first.
#[derive(Clone, PartialEq)]
pub struct Statement {
    /// The SQL text. It always originates from this crate, so that hosts can cache prepared statements by it.
    pub sql: Cow<'static, str>,
    /// The parameters, in order. They can contain secrets: never log them.
    pub parameters: Vec<Value>,
}

impl Statement {
    /// Creates a statement.
    pub fn new(sql: &'static str, parameters: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            parameters,
        }
    }
}

/// The failure of a statement or a transaction. Nothing was changed, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A concurrent transaction was first. The same transaction can decide otherwise when it runs again.
    Overtaken(StorageError),
    /// Another failure. Running the same transaction again does not help, or can repeat what was done.
    Failed(StorageError),
}

impl Failure {
    /// Classifies an error that the server reported with this code (`SQLSTATE`) and message. Messages about values
    /// (class 22) are left out, because they contain them.
    ///
    /// Serialization failures (40001), deadlocks (40P01) and locks that were not available in time (55P03) are lost races.
    /// Keys that are taken (23505) and rows that are gone (23503) belong to the lost races: statements check both beforehand, so
    /// only a concurrent transaction can violate the constraint. The first statement of a list of users leaves some keys to
    /// the next one.
    pub fn of_code(code: &str, message: String) -> Self {
        let text = if code.starts_with("22") {
            format!("the database refused a value ({code})")
        } else {
            format!("{message} ({code})")
        };
        match code {
            "40001" | "40P01" | "55P03" | "23505" | "23503" => {
                Self::Overtaken(StorageError::Invalid(text))
            }
            _ => Self::Failed(match code.get(..2) {
                // A wrong statement, schema, value or right.
                Some("0A" | "21" | "22" | "23" | "28" | "3D" | "3F" | "42") => {
                    StorageError::Invalid(text)
                }
                _ => StorageError::Unavailable(text),
            }),
        }
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Overtaken(error) | Failure::Failed(error) => error,
        }
    }
}

/// Connections to a PostgreSQL database.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the host's are; components' are not"
)]
pub trait Executor {
    /// Runs a statement that changes nothing and returns its rows.
    ///
    /// # Errors
    /// The database can't respond now, or refuses the statement.
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure>;

    /// Returns the rows of a key. The statement changes nothing. Its only parameter is a list of keys, and the last column
    /// of each row is its key. An executor can run it once for several callers.
    ///
    /// # Errors
    /// The errors of [`query`](Self::query).
    async fn look_up(&self, sql: &'static str, key: String) -> Result<Vec<Row>, Failure> {
        let keys = vec![vec![key].into()];
        self.query(Statement::new(sql, keys)).await
    }

    /// Runs one statement that can change data, as a transaction of its own, and returns the rows of its `RETURNING`
    /// clause.
    ///
    /// # Errors
    /// The errors of [`query`](Self::query). Nothing was changed.
    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure>;

    /// Runs statements in order as one transaction with the isolation level READ COMMITTED or a stricter one, and
    /// returns the rows of each.
    ///
    /// # Errors
    /// The errors of [`query`](Self::query), if any statement fails. Nothing was changed.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure>;

    /// Waits before a transaction runs again: a random time that grows with the number of attempts, from 1 on.
    async fn pause(&self, attempt: u32);
}
