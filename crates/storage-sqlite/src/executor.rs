//! What SQL needs of a host.

use std::borrow::Cow;

use gatewright_storage::StorageError;

use crate::value::{Row, Value};

/// One SQL statement with its parameters, `?1` being the first.
#[derive(Clone, PartialEq)]
pub struct Statement {
    /// SQL text, always of this crate, so that hosts may cache what they prepared by it. Its columns have different
    /// names, none of them a number, as D1 returns rows as JavaScript objects.
    pub sql: Cow<'static, str>,
    /// Parameters, in order. May hold secrets: never log them.
    pub parameters: Vec<Value>,
    /// Where an executor [takes them](Executor::TAKES_ROWS): further parameters, with which it is run again and again.
    /// None: it is run once, without further ones.
    pub rows: Vec<Vec<Value>>,
}

impl Statement {
    /// A statement.
    pub fn new(sql: &'static str, parameters: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            parameters,
            rows: Vec::new(),
        }
    }

    /// A statement for each of at least one row, in the order of their first column.
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
            // `VALUES` and no `SELECT`: a row is stored whole or not at all, so SQLite keeps nothing to undo a part.
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

/// What is done for each row of a list.
pub(crate) struct ForEach {
    /// Where values go: the beginning of an `INSERT`; nothing: they are returned.
    pub(crate) into: &'static str,
    /// Names of what a row brings.
    pub(crate) columns: &'static [&'static str],
    /// Expressions of `item.` and these names.
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
    /// Whether it runs a statement again and again for its [rows](Statement::rows), in the statement's place in a batch,
    /// and returns the rows of all of it: faster than to send them as JSON, where a statement is not sent anywhere.
    const TAKES_ROWS: bool = false;

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
