//! What SQL needs of a host.

use auth_core::storage::StorageError;

use crate::value::{Row, Value};

/// One SQL statement with its parameters, `?1` being the first.
#[derive(Clone, PartialEq)]
pub struct Statement {
    /// SQL text, always a constant of this crate, so that hosts may cache what they prepared by it. Its columns have
    /// different names, none of them a number, as D1 returns rows as JavaScript objects.
    pub sql: &'static str,
    /// Parameters, in order. May hold secrets: never log them.
    pub parameters: Vec<Value>,
}

impl Statement {
    /// A statement.
    pub fn new(sql: &'static str, parameters: Vec<Value>) -> Self {
        Self { sql, parameters }
    }
}

/// A connection to an SQLite-compatible database, with foreign keys enforced.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the host's are; Workers' are not"
)]
pub trait Executor {
    /// Runs a statement that changes nothing and returns its rows.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the database can't answer now, [`StorageError::Invalid`] when it
    /// refuses the statement. The texts hold no parameters.
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError>;

    /// Runs one statement that may change something, atomically, and returns the rows of its `RETURNING`.
    ///
    /// # Errors
    /// As [`query`](Self::query); nothing was changed then.
    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError>;

    /// Runs statements in order as one transaction, isolated from all others, and returns the rows of each.
    ///
    /// # Errors
    /// As [`query`](Self::query), if any statement fails; nothing was changed then.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError>;
}

/// Which of the two kinds of failure a text of SQLite means, for platforms that have no more than that. What is not
/// known to be the statement's or the schema's fault may pass.
pub fn error_of_text(text: String) -> StorageError {
    const LASTING: [&str; 8] = [
        "no such table",
        "no such column",
        "has no column named",
        "constraint failed",
        "syntax error",
        "cannot store",
        "file is not a database",
        "malformed",
    ];
    if LASTING.iter().any(|lasting| text.contains(lasting)) {
        StorageError::Invalid(text)
    } else {
        StorageError::Unavailable(text)
    }
}
