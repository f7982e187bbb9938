//! Files of SQLite databases.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use gatewright_storage_sqlite::MIGRATIONS;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

/// Time that a reader waits for the lock of another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// The newest schema that this program knows.
pub(crate) fn newest() -> u64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Opens an existing database to read it. Other processes can use it at the same time.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection> {
    exists(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| named(path, error))?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF;")?;
    Ok(connection)
}

/// Opens an existing database that no other process has open. None can open it until the connection is closed.
///
/// In WAL mode every open connection holds a shared lock on the file, even an idle one. The exclusive lock is refused as
/// long as there is one.
pub(crate) fn open_alone(path: &Path) -> Result<Connection> {
    exists(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| named(path, error))?;
    connection.busy_timeout(Duration::ZERO)?;
    let locked = connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA locking_mode = EXCLUSIVE;
        BEGIN EXCLUSIVE; COMMIT;",
    );
    match locked {
        Ok(()) => Ok(connection),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => bail!(
            "{} is in use: stop the service and every other command that has it open",
            path.display()
        ),
        Err(error) => Err(named(path, error)),
    }
}

fn exists(path: &Path) -> Result<()> {
    let found = fs::metadata(path).with_context(|| format!("can't open {}", path.display()))?;
    if !found.is_file() {
        bail!("{} is no file", path.display());
    }
    Ok(())
}

/// Adds the path to an error of SQLite, and explains errors that say that it is no intact database.
pub(crate) fn named(path: &Path, error: rusqlite::Error) -> anyhow::Error {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => anyhow::anyhow!("{path} is no SQLite database"),
        Some(ErrorCode::DatabaseCorrupt) => {
            anyhow::anyhow!("{path} is damaged or incomplete: {error}")
        }
        Some(ErrorCode::DiskFull) => {
            anyhow::anyhow!("there is no space left for {path}: {error}")
        }
        _ => anyhow::Error::new(error).context(format!("{path} can't be used")),
    }
}

/// Returns the version of the schema.
pub(crate) fn version(connection: &Connection, path: &Path) -> Result<u64> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'";
    let current = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    let number = |sql| {
        let row = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        row.map_err(|error| named(path, error))
    };
    match number(tables)? {
        0 => Ok(0),
        _ => Ok(u64::try_from(number(current)?).unwrap_or_default()),
    }
}

/// Fails unless a file is an intact database of Gatewright. Returns the version of its schema.
pub(crate) fn verify(connection: &Connection, path: &Path) -> Result<u64> {
    let found = version(connection, path)?;
    if found == 0 {
        bail!("{} is no database of Gatewright", path.display());
    }
    let first = |sql| {
        let row = connection.query_row(sql, [], |row| row.get::<_, String>(0));
        row.optional().map_err(|error| named(path, error))
    };
    let integrity = first("PRAGMA integrity_check(1)")?;
    if let Some(problem) = integrity.filter(|found| found != "ok") {
        bail!("{} is damaged or incomplete: {problem}", path.display());
    }
    if let Some(table) = first("SELECT \"table\" FROM pragma_foreign_key_check")? {
        bail!(
            "{} is damaged or incomplete: a row of the table {table} refers to a missing row",
            path.display()
        );
    }
    Ok(found)
}

/// Creates an empty file that only its owner can read, unless there is one.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create_new(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Returns the folder of a file.
pub(crate) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Waits until a file or a folder is on the disk.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
