//! The database of this host, and the clock of this machine. No other place asks which database it is.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use auth_core::storage::{Either, StorageError, Timestamp};
use auth_core::{SecretKey, is_secret_key_of, wrong_secret_key};
use gatewright_copy::COPYING;
use gatewright_postgres::{Address, PoolSettings, Postgres};
use gatewright_storage_postgres::PostgresStorage;
use gatewright_storage_sqlite::SqliteStorage;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::database_url::{DatabaseUrl, address};
use crate::settings::HostConfig;
use crate::sqlite::{Sqlite, Workload};

const UNFINISHED: &str =
    "a copy into the database is not finished: run `gatewright copy` again, or copy into a new one";

/// Returns the current time.
pub(crate) fn now() -> Timestamp {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(now.as_millis() as u64)
}

/// The storage of this host.
pub(crate) type HostStorage = Either<SqliteStorage<Sqlite>, PostgresStorage<Postgres>>;

/// The database of this host. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Database {
    storage: HostStorage,
}

impl Database {
    /// Opens the database of the settings, or creates it if it is a missing file, and migrates it to the newest schema.
    pub(crate) fn open(host: &HostConfig, workload: Workload) -> Result<Self> {
        let storage = match &host.database_url {
            DatabaseUrl::Sqlite(path) => {
                let sqlite = Sqlite::open_for(path, workload)?;
                migrate_sqlite(&sqlite)?;
                Either::First(SqliteStorage::new(sqlite))
            }
            DatabaseUrl::Postgres(url) => {
                let address = checked_address(url, host)?;
                let settings = pool_settings(host);
                migrate_postgres(&Postgres::new(&address, &for_migrations(&settings))?)?;
                Either::Second(PostgresStorage::new(Postgres::new(&address, &settings)?))
            }
        };
        Ok(Self { storage })
    }

    /// Checks that `SECRET_KEY` is the key of this database.
    ///
    /// # Errors
    /// It is another key, or the database fails.
    pub(crate) fn check_secret_key(&self, key: &SecretKey) -> Result<()> {
        match runtime()?.block_on(is_secret_key_of(&self.storage, key)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(wrong_secret_key().into()),
            Err(error) => bail!("the fingerprint of SECRET_KEY can't be read: {error:?}"),
        }
    }

    /// Returns the storage.
    pub(crate) fn storage(&self) -> &HostStorage {
        &self.storage
    }

    /// Deletes expired rows, unless this host or another did so a short time ago.
    pub(crate) async fn purge_when_due(
        &self,
        audit_retention: impl Future<Output = Result<Option<Duration>, String>>,
    ) -> Result<bool, StorageError> {
        match &self.storage {
            Either::First(storage) => {
                let executor = storage.executor();
                gatewright_storage_sqlite::purge_when_due(executor, now(), audit_retention).await
            }
            Either::Second(storage) => {
                gatewright_storage_postgres::purge_when_due(storage, now(), audit_retention).await
            }
        }
    }

    /// Returns the best number of writes at the same time for a command that writes much. With more, a process that serves
    /// the same database would wait longer for each commit.
    pub(crate) fn bulk_concurrency(&self) -> usize {
        match &self.storage {
            // Writes at the same time share a commit, and so the pages of the indexes, which an import touches everywhere.
            Either::First(_) => 80,
            // Four are enough, because the command needs a third of the server's time. A write that has to wait for a connection
            // could time out.
            Either::Second(storage) => storage.executor().max_connections().min(4),
        }
    }

    /// Runs the connections to a server on this runtime, whose thread serves all light requests.
    pub(crate) fn run_on(&self, runtime: &Handle) {
        match &self.storage {
            Either::First(_) => {}
            Either::Second(storage) => storage.executor().run_on(runtime),
        }
    }

    /// Closes the database, after the writes that wait.
    pub(crate) fn close(&self) {
        match &self.storage {
            Either::First(storage) => storage.executor().close(),
            Either::Second(storage) => storage.executor().close(),
        }
    }
}

/// Returns a line for each migration that a start would apply to the database of the settings. Changes nothing.
///
/// # Errors
/// The database can't be used.
pub fn planned_migrations(host: &HostConfig) -> Result<Vec<String>> {
    let line = |version: u64, name: &str, serves: u64| {
        format!("{version}  {name} (serves version {serves} and later ones)")
    };
    match &host.database_url {
        DatabaseUrl::Sqlite(path) => {
            use gatewright_storage_sqlite::{MIGRATIONS, plan};
            let planned = if path.exists() {
                let sqlite = Sqlite::open(path)?;
                let planned = runtime()?.block_on(plan(&sqlite));
                sqlite.close();
                planned.map_err(|error| anyhow!("the database can't be read: {error:?}"))?
            } else {
                MIGRATIONS.to_vec()
            };
            let lines = planned.iter();
            Ok(lines
                .map(|one| line(one.version, one.name, one.serves))
                .collect())
        }
        DatabaseUrl::Postgres(url) => {
            let postgres = Postgres::new(&checked_address(url, host)?, &pool_settings(host))?;
            let planned = runtime()?.block_on(gatewright_storage_postgres::plan(&postgres));
            let planned = planned.map_err(cannot_migrate)?;
            let lines = planned.iter();
            Ok(lines
                .map(|one| line(one.version, one.name, one.serves))
                .collect())
        }
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Returns the address of a PostgreSQL server, after everything that a host needs was checked.
fn checked_address(url: &str, host: &HostConfig) -> Result<Address> {
    let address = address(url)?;
    let check = address.check(host.database_connect_timeout);
    runtime()?.block_on(check).context("DATABASE_URL")?;
    Ok(address)
}

fn pool_settings(host: &HostConfig) -> PoolSettings {
    PoolSettings {
        size: host.database_pool_size,
        connect_timeout: host.database_connect_timeout,
        statement_timeout: host.database_statement_timeout,
        keeps_session: host.database_prepared_statements,
    }
}

/// Waits as long for a reply as a statement of a migration may take.
fn for_migrations(settings: &PoolSettings) -> PoolSettings {
    PoolSettings {
        size: 2,
        statement_timeout: Duration::from_secs(3600),
        ..settings.clone()
    }
}

fn migrate_sqlite(sqlite: &Sqlite) -> Result<()> {
    use gatewright_storage_sqlite::{MigrationError, migrate};
    match runtime()?.block_on(migrate(sqlite, now())) {
        Ok(_) => Ok(()),
        Err(MigrationError::Newer {
            found,
            known,
            serves,
        }) => Err(newer(found, known, serves)),
        Err(MigrationError::Storage(error)) => bail!("the database can't be migrated: {error:?}"),
    }
}

fn migrate_postgres(postgres: &Postgres) -> Result<()> {
    let holder = random_name()?;
    let migrated = runtime()?.block_on(gatewright_storage_postgres::migrate(postgres, &holder));
    postgres.close();
    migrated.map(drop).map_err(cannot_migrate)
}

fn cannot_migrate(error: gatewright_storage_postgres::MigrationError) -> anyhow::Error {
    use gatewright_storage_postgres::MigrationError;
    match error {
        MigrationError::Newer {
            found,
            known,
            serves,
        } => newer(found, known, serves),
        MigrationError::Encoding(encoding) => anyhow!(
            "the database has the encoding {encoding}; create one with ENCODING 'UTF8' TEMPLATE template0"
        ),
        MigrationError::Storage(error) => anyhow!("the database can't be migrated: {error:?}"),
    }
}

fn newer(found: u64, known: u64, serves: u64) -> anyhow::Error {
    if found == COPYING {
        return anyhow!(UNFINISHED);
    }
    anyhow!(
        "the database has schema {found}, which serves version {serves} and later ones, but this version only knows schema {known}; use a newer gatewright"
    )
}

/// Returns a name that no other host has.
fn random_name() -> Result<String> {
    let mut bytes = [0; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
