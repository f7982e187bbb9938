//! The position of a copy in its target, from which it goes on after an interruption.

use std::fmt::Display;

use anyhow::{Context as _, Result, bail};

/// The version of the schema that a database has while it is copied into. No host serves it, because it is newer than
/// every other one.
pub const COPYING: u64 = 1_000_000;

/// Creates the table of the position, and the record that keeps hosts away.
pub(crate) const CREATE: &str = "CREATE TABLE copy_progress (
    source text NOT NULL,
    table_name text NOT NULL,
    after_key text NOT NULL
)";
/// The name of the record.
pub(crate) const NAME: &str =
    "an unfinished copy: run gatewright copy again, or empty the database";
pub(crate) const READ: &str = "SELECT source, table_name, after_key FROM copy_progress";
pub(crate) const DROP: &str = "DROP TABLE copy_progress";

/// A position: every row of the tables before `table` is copied, and those of `table` up to the key `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    /// The digest of the source.
    pub(crate) source: String,
    /// The name of the table.
    pub(crate) table: String,
    /// The key of the last row. It is empty if no row of the table is copied.
    pub(crate) after: Vec<String>,
}

impl Position {
    pub(crate) fn new(source: String, table: String, after: &str) -> Result<Self> {
        let serde_json::Value::Array(keys) = after.parse()? else {
            bail!("the position of the copy is damaged");
        };
        let keys = keys.iter().map(|key| key.as_str().map(str::to_owned));
        let after = keys.collect::<Option<_>>();
        Ok(Self {
            source,
            table,
            after: after.context("the position of the copy is damaged")?,
        })
    }

    /// Returns the key as it is stored.
    pub(crate) fn stored_key(&self) -> String {
        serde_json::Value::from(self.after.clone()).to_string()
    }
}

/// Fails if the schema is that of an unfinished copy.
pub(crate) fn refuse_unfinished(schema: u64, name: &dyn Display) -> Result<()> {
    if schema == COPYING {
        bail!("{name} is an unfinished copy");
    }
    Ok(())
}
