//! The interface between SQL and a host's database.

use std::borrow::Cow;

use gatewright_storage::StorageError;

use crate::value::{Row, Value};

/// One SQL statement with its parameters. `?1` is the first.
#[derive(Clone, PartialEq)]
pub struct Statement {
    /// The SQL text. It always originates from this crate, so that hosts can cache prepared statements by it. Its
    /// columns have distinct names that are not numbers, because D1 returns rows as JavaScript objects.
    pub sql: Cow<'static, str>,
    /// The parameters, in order. They can contain secrets: never log them.
    pub parameters: Vec<Value>,
    /// Rows of further parameters, if an executor [accepts them](Executor::TAKES_ROWS). The statement runs once for
    /// each row. If there are no rows, it runs once, without further parameters.
    pub rows: Vec<Vec<Value>>,
}

impl Statement {
    /// Creates a statement.
    pub fn new(sql: &'static str, parameters: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            parameters,
            rows: Vec::new(),
        }
    }

    /// Creates a statement that runs for each of at least one row, in the order of their first column.
    pub(crate) fn for_each<E: Executor>(
        each: &ForEach,
        mut parameters: Vec<Value>,
        rows: Vec<Vec<Value>>,
    ) -> Self {
        let ForEach {
            into,
            columns,
            values,
            unless,
        } = each;
        let first = parameters.len() + 1;
        if E::TAKES_ROWS {
            // `VALUES` instead of `SELECT`: a row is stored as a whole or not at all, so SQLite keeps no data to
            // undo a part.
            let mut values = (*values).to_owned();
            let mut places: Vec<_> = (first..).zip(*columns).collect();
            places.sort_by_key(|(_, column)| std::cmp::Reverse(column.len()));
            for (place, column) in places {
                values = values.replace(&format!("item.{column}"), &format!("?{place}"));
            }
            return Self {
                sql: format!("{into} VALUES ({values}) {unless}").into(),
                parameters,
                rows,
            };
        }
        parameters.push(serde_json::Value::from_iter(rows).to_string().into());
        let names = columns.join(", ");
        let places: Vec<_> = (0..columns.len())
            .map(|place| format!("value ->> {place}"))
            .collect();
        let places = places.join(", ");
        let by = columns.first().copied().unwrap_or_default();
        let sql = format!(
            "WITH item ({names}) AS MATERIALIZED (SELECT {places} FROM json_each(?{first}))
            {into} SELECT {values} FROM item ORDER BY item.{by} {unless}"
        );
        Self {
            sql: sql.into(),
            parameters,
            rows: Vec::new(),
        }
    }
}

/// An operation for each row of a list.
pub(crate) struct ForEach {
    /// The beginning of the `INSERT` that stores the values. If it is empty, the values are returned.
    pub(crate) into: &'static str,
    /// Names of a row's columns.
    pub(crate) columns: &'static [&'static str],
    /// Expressions of these names, each with the prefix `item.`.
    pub(crate) values: &'static str,
    /// The end of the `INSERT`.
    pub(crate) unless: &'static str,
}

/// A connection to an SQLite-compatible database, with foreign keys enforced.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the host's are; Workers' are not"
)]
pub trait Executor {
    /// Whether the executor runs a statement once for each of its [rows](Statement::rows), at the statement's position
    /// in a batch, and returns the rows of all runs. That is faster than JSON where statements are not sent to another
    /// process.
    const TAKES_ROWS: bool = false;

    /// Runs a statement that changes nothing and returns its rows.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if the database can't respond now, [`StorageError::Invalid`] if it refuses the
    /// statement. The texts contain no parameters.
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError>;

    /// Runs one statement that can change data, atomically, and returns the rows of its `RETURNING` clause.
    ///
    /// # Errors
    /// The errors of [`query`](Self::query). Nothing was changed.
    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError>;

    /// Runs statements in order as one transaction, isolated from all others, and returns the rows of each.
    ///
    /// # Errors
    /// The errors of [`query`](Self::query), if any statement fails. Nothing was changed.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError>;
}

/// Classifies an error message of SQLite, for platforms that report nothing else. Errors that are not known to be
/// caused by the statement or the schema are treated as temporary.
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

/// Returns whether another connection kept the lock of the database for longer than a statement waits for it.
pub fn is_locked(error: &StorageError) -> bool {
    matches!(error, StorageError::Unavailable(text) if text.contains("database is locked"))
}
