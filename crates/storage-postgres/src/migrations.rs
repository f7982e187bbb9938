//! Migration of a database by the hosts that use it, one at a time.

use gatewright_storage::StorageError;

use crate::executor::{Executor, Failure, Statement};
use crate::schema::{MIGRATIONS, Migration};

/// The reason why a database can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationError {
    /// The database failed.
    Storage(StorageError),
    /// The database has another encoding than UTF-8, and therefore can't store every text.
    Encoding(String),
    /// A newer version of Gatewright migrated the database, and its schema no longer serves this version.
    Newer {
        /// The version of the database's schema.
        found: u64,
        /// The newest version that this build knows.
        known: u64,
        /// The oldest version that the schema serves.
        serves: u64,
    },
}

impl From<Failure> for MigrationError {
    fn from(failure: Failure) -> Self {
        Self::Storage(failure.into())
    }
}

impl From<StorageError> for MigrationError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// The schema of a database.
struct Schema {
    version: u64,
    serves: u64,
}

const CREATE_RECORDS: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version bigint PRIMARY KEY,
    name text NOT NULL,
    serves bigint NOT NULL,
    applied_at bigint NOT NULL
)";
const CREATE_LEASE: &str = "CREATE TABLE IF NOT EXISTS migration_lease (
    one bigint PRIMARY KEY,
    holder text NOT NULL,
    until timestamptz NOT NULL
)";
const CREATED: &str =
    "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()
    AND table_name IN ('schema_migrations', 'migration_lease')";
const ENCODING: &str = "SELECT current_setting('server_encoding')";
const CURRENT: &str =
    "SELECT coalesce(max(version), 0), coalesce(max(serves), 0) FROM schema_migrations";

// By the clock of the database, because those of the hosts differ. A holder can extend its own lease.
const LEASE: &str = "INSERT INTO migration_lease (one, holder, until)
    VALUES (1, $1, now() + interval '1 minute')
    ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE migration_lease.until <= now() OR migration_lease.holder = excluded.holder RETURNING 1";
const RELEASE: &str = "DELETE FROM migration_lease WHERE holder = $1";
// The number is stored once. If two holders overlap, because a lease ended early, one of them fails here.
const APPLIED: &str = "INSERT INTO schema_migrations (version, name, serves, applied_at)
    VALUES ($1, $2, $3, (extract(epoch FROM now()) * 1000)::bigint)";

// A statement that waits for the lock of a table holds up all others that need the table, such as those of logins. So it waits
// for a short time only, and the transaction runs again. The server interrupts an autovacuum after `deadlock_timeout`.
const LIMIT_LOCKS: &str = "SELECT set_config('lock_timeout', (setting::bigint + 1000)::text, true)
    FROM pg_settings WHERE name = 'deadlock_timeout'";
// A statement about a large table takes longer than those of requests.
const LIMIT_STATEMENTS: &str = "SET LOCAL statement_timeout = '1h'";

/// Number of times that a migration runs while other transactions prevent it.
const ATTEMPTS: u32 = 30;
/// Number of times that a host waits for another one which migrates.
const WAITS: u32 = 600;
/// Number of times that a host tries to create the two tables beside others.
const CREATIONS: u32 = 10;

/// Migrates a database to the newest schema and returns the number of migrations that were applied.
///
/// Any number of hosts can call this at once: one of them holds the lease, and the others wait for it. `holder` is a
/// name that no other host has.
///
/// # Errors
/// The database no longer serves this version, or can't be used.
pub async fn migrate(executor: &impl Executor, holder: &str) -> Result<u64, MigrationError> {
    let encoding = one(executor, ENCODING).await?;
    if let Some(mut row) = encoding {
        let encoding: String = row.next()?;
        if encoding != "UTF8" {
            return Err(MigrationError::Encoding(encoding));
        }
    }
    create(executor).await?;
    for attempt in 1..=WAITS {
        let schema = current(executor).await?;
        if schema.version >= newest() {
            break;
        }
        let lease = Statement::new(LEASE, vec![holder.into()]);
        match executor.execute(lease).await {
            Ok(leased) if !leased.is_empty() => {
                let applied = apply(executor).await;
                executor
                    .execute(Statement::new(RELEASE, vec![holder.into()]))
                    .await?;
                return applied;
            }
            Ok(_) | Err(Failure::Overtaken(_)) => executor.pause(attempt).await,
            Err(failure) => return Err(failure.into()),
        }
    }
    serves(&current(executor).await?).map(|()| 0)
}

/// Returns the migrations that [`migrate`] would apply.
///
/// # Errors
/// The database can't be used.
pub async fn plan(executor: &impl Executor) -> Result<Vec<Migration>, MigrationError> {
    let version = match created(executor).await? {
        true => current(executor).await?.version,
        false => 0,
    };
    let missing = MIGRATIONS.iter().filter(|next| next.version > version);
    Ok(missing.copied().collect())
}

/// Returns whether a database serves this version.
pub async fn is_current(executor: &impl Executor) -> bool {
    check(executor).await.is_ok()
}

/// Fails unless the database serves this version.
pub(crate) async fn check(executor: &impl Executor) -> Result<(), StorageError> {
    let schema = current(executor).await?;
    match serves(&schema) {
        Ok(()) => Ok(()),
        Err(_) => Err(StorageError::Invalid(format!(
            "the database has schema {}, which serves version {} and later ones, but this is version {}",
            schema.version,
            schema.serves,
            newest()
        ))),
    }
}

fn serves(schema: &Schema) -> Result<(), MigrationError> {
    let known = newest();
    if schema.version >= known && schema.serves <= known {
        return Ok(());
    }
    if schema.version < known {
        let text = "another host is migrating the database".to_owned();
        return Err(StorageError::Unavailable(text).into());
    }
    Err(MigrationError::Newer {
        found: schema.version,
        known,
        serves: schema.serves,
    })
}

async fn apply(executor: &impl Executor) -> Result<u64, MigrationError> {
    let mut applied = 0;
    for migration in MIGRATIONS {
        if current(executor).await?.version >= migration.version {
            continue;
        }
        let record = Statement::new(
            APPLIED,
            vec![
                migration.version.into(),
                migration.name.into(),
                migration.serves.into(),
            ],
        );
        let steps = migration.statements.iter();
        let steps = steps.map(|sql| Statement::new(sql, vec![]));
        // Two hosts that overlap wait for each other at the record, as long as a statement may take.
        let mut batch = vec![
            Statement::new(LIMIT_STATEMENTS, vec![]),
            record,
            Statement::new(LIMIT_LOCKS, vec![]),
        ];
        batch.extend(steps);
        for attempt in 1.. {
            let Err(failure) = executor.batch(batch.clone()).await else {
                applied += 1;
                break;
            };
            // It is no error if another caller has applied this migration meanwhile.
            if current(executor).await?.version >= migration.version {
                break;
            }
            match failure {
                Failure::Overtaken(_) if attempt < ATTEMPTS => executor.pause(attempt).await,
                failure => return Err(failure.into()),
            }
        }
    }
    Ok(applied)
}

/// Creates the tables of this module, unless they exist.
async fn create(executor: &impl Executor) -> Result<(), MigrationError> {
    for attempt in 1.. {
        if created(executor).await? {
            break;
        }
        let tables = [CREATE_RECORDS, CREATE_LEASE].map(|sql| Statement::new(sql, vec![]));
        // Of concurrent callers some fail, even with `IF NOT EXISTS`.
        match executor.batch(tables.into()).await {
            Ok(_) => break,
            Err(failure) if attempt == CREATIONS => return Err(failure.into()),
            Err(_) => executor.pause(attempt).await,
        }
    }
    Ok(())
}

async fn created(executor: &impl Executor) -> Result<bool, MigrationError> {
    let tables = one(executor, CREATED).await?.map(|mut row| row.next());
    Ok(tables.transpose()?.unwrap_or(0u64) == 2)
}

async fn current(executor: &impl Executor) -> Result<Schema, StorageError> {
    let Some(mut row) = one(executor, CURRENT).await? else {
        return Ok(Schema {
            version: 0,
            serves: 0,
        });
    };
    Ok(Schema {
        version: row.next()?,
        serves: row.next()?,
    })
}

async fn one(
    executor: &impl Executor,
    sql: &'static str,
) -> Result<Option<crate::value::Row>, Failure> {
    let rows = executor.query(Statement::new(sql, vec![])).await?;
    Ok(rows.into_iter().next())
}

fn newest() -> u64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}
