//! Storage in `spin:postgres`: the executor of [`gatewright_storage_postgres`].

mod address;
mod bindings;
mod connection;
mod values;

use std::time::Duration;

use auth_core::Timestamp;
use auth_core::config::SettingError;
use auth_core::storage::StorageError;
pub(crate) use gatewright_storage_postgres::PURGE_EVERY;
use gatewright_storage_postgres::{
    Executor, Failure, MigrationError, PostgresStorage, Row, Statement, pause_before,
};
use spin_sdk::wasip3::clocks::monotonic_clock;
use spin_sdk::wasip3::random::random::get_random_u64;

use connection::Taken;

/// The database that `DATABASE_URL` names.
#[derive(Clone, Copy)]
pub(crate) struct SpinPostgres;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

impl Executor for SpinPostgres {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        let taken = Taken::take().await?;
        let rows = taken.run(statement).await;
        taken.put_back(&rows);
        rows
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.query(statement).await
    }

    async fn batch(&self, mut statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        if statements.len() == 1 {
            // One statement is its own transaction.
            let statement = statements.remove(0);
            return Ok(vec![self.execute(statement).await?]);
        }
        let taken = Taken::take().await?;
        let results = transaction(&taken, statements).await;
        if results.is_err() {
            let ended = taken.run_text("ROLLBACK").await;
            taken.put_back(&ended);
        } else {
            taken.put_back(&results);
        }
        results
    }

    async fn pause(&self, attempt: u32) {
        let pause = pause_before(attempt, get_random_u64());
        monotonic_clock::wait_for(pause.as_nanos() as u64).await;
    }
}

/// Runs a transaction. If the connection is lost, the transaction is not run again: the lost reply to COMMIT may have
/// been a success.
async fn transaction(taken: &Taken, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
    taken.run_text(BEGIN).await?;
    let mut results = Vec::with_capacity(statements.len());
    for statement in statements {
        results.push(taken.run(statement).await?);
    }
    taken.run_text("COMMIT").await?;
    Ok(results)
}

/// Returns the storage, whose schema must be current.
pub(crate) fn storage() -> PostgresStorage<SpinPostgres> {
    PostgresStorage::new(SpinPostgres)
}

/// Returns whether the schema serves this version.
pub(crate) async fn is_current() -> bool {
    gatewright_storage_postgres::is_current(&SpinPostgres).await
}

/// The holder of the lease. All instances have one name, because a request can end while it migrates: the next one then
/// goes on at once. Two that migrate together don't disturb each other, because each migration is recorded once.
const HOLDER: &str = "spin";

/// Migrates the database to the current schema.
pub(crate) async fn migrate() -> Result<(), StorageError> {
    let migrated = gatewright_storage_postgres::migrate(&SpinPostgres, HOLDER).await;
    migrated.map(|_| ()).map_err(|error| match error {
        MigrationError::Newer { found, known, .. } => StorageError::Invalid(format!(
            "the database has schema {found}, but this version knows only {known}: use a newer Gatewright"
        )),
        MigrationError::Encoding(encoding) => StorageError::Invalid(format!(
            "the encoding of the database is {encoding}: create one with the encoding UTF8"
        )),
        MigrationError::Storage(error) => error,
    })
}

/// Deletes expired data, unless another instance did so recently.
pub(crate) async fn purge_when_due(
    now: Timestamp,
    retention: impl Future<Output = Result<Option<Duration>, String>>,
) -> Result<bool, StorageError> {
    gatewright_storage_postgres::purge_when_due(&storage(), now, retention).await
}

/// Fails unless `DATABASE_URL` can be used.
pub(crate) async fn check_settings() -> Result<(), SettingError> {
    address::get().await.map(|_| ())
}
