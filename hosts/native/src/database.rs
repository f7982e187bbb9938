//! The local database, and the clock of this machine.

use anyhow::Result;
use gatewright_storage_sqlite::MigrationError;
use tokio::runtime::Builder;

use crate::sqlite::Sqlite;

/// Returns the current time.
pub(crate) fn now() -> auth_core::Timestamp {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    auth_core::Timestamp::from_millis(now.as_millis() as u64)
}

/// Migrates the database to the newest schema.
pub(crate) fn migrate(database: &Sqlite) -> Result<()> {
    let runtime = Builder::new_current_thread().build()?;
    match runtime.block_on(gatewright_storage_sqlite::migrate(database, now())) {
        Ok(_) => Ok(()),
        Err(MigrationError::Newer { found, known }) => {
            anyhow::bail!(
                "the database has schema {found}, but this version only supports schema {known}; use a newer gatewright"
            )
        }
        Err(MigrationError::Storage(error)) => {
            anyhow::bail!("the database can't be migrated: {error:?}")
        }
    }
}
