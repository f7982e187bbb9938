//! The two databases of a copy, each of either kind.

use std::path::Path;

use anyhow::Result;
use gatewright_postgres::Address;

use crate::copy::{Copied, Progress, copy};
use crate::postgres::PostgresSide;
use crate::sqlite::SqliteSide;

/// A database of either kind.
enum Database {
    Sqlite(SqliteSide),
    Postgres(PostgresSide),
}

/// The source of a copy. Until it is dropped, no host can change it.
pub struct Source(Database);

/// The target of a copy.
pub struct Target(Database);

impl Source {
    /// Opens an SQLite database that no other process has open.
    ///
    /// # Errors
    /// There is none, or it is in use.
    pub fn sqlite(path: &Path) -> Result<Self> {
        SqliteSide::source(path).map(|side| Self(Database::Sqlite(side)))
    }

    /// Connects to a PostgreSQL database that no host uses, and locks its tables against changes.
    ///
    /// # Errors
    /// It can't be reached, or is in use.
    pub async fn postgres(address: &Address) -> Result<Self> {
        let side = PostgresSide::source(address).await?;
        Ok(Self(Database::Postgres(side)))
    }

    /// Copies everything, and compares both sides. An interrupted copy of the same data goes on where it stopped.
    ///
    /// # Errors
    /// A database has another schema than this program, the target has data of its own, the source has changed since the
    /// copy was interrupted, or the two differ at the end.
    pub async fn copy_to(
        &self,
        target: &mut Target,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Copied> {
        match (&self.0, &mut target.0) {
            (Database::Sqlite(source), Database::Sqlite(target)) => {
                copy(source, target, progress).await
            }
            (Database::Sqlite(source), Database::Postgres(target)) => {
                copy(source, target, progress).await
            }
            (Database::Postgres(source), Database::Sqlite(target)) => {
                copy(source, target, progress).await
            }
            (Database::Postgres(source), Database::Postgres(target)) => {
                copy(source, target, progress).await
            }
        }
    }
}

impl Target {
    /// Opens an SQLite database that no other process has open, or creates an empty file that only its owner can read.
    ///
    /// # Errors
    /// It can't be created, or is in use.
    pub fn sqlite(path: &Path) -> Result<Self> {
        SqliteSide::target(path).map(|side| Self(Database::Sqlite(side)))
    }

    /// Connects to a PostgreSQL database that no host uses.
    ///
    /// # Errors
    /// It can't be reached, or is in use.
    pub async fn postgres(address: &Address) -> Result<Self> {
        let side = PostgresSide::target(address).await?;
        Ok(Self(Database::Postgres(side)))
    }
}
