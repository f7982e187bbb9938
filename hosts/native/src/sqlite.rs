//! SQLite for [`gatewright_storage_sqlite`]: one writer, many readers.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use auth_core::storage::StorageError;
use gatewright_storage_sqlite::{Executor, Row, Statement, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tokio::sync::oneshot;

/// Time that a statement waits for another process's lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of cached prepared statements of a connection, which exceeds the number of statements in the SQL.
const STATEMENTS: usize = 128;
/// Maximum number of batches that share one commit, and so one flush to the disk.
const GROUP: usize = 128;
/// Time after which a commit accepts no further batch, because other processes wait for it and give up after
/// [`BUSY_TIMEOUT`].
const LONGEST: Duration = Duration::from_secs(2);
/// Interval at which a writer checks whether another process has released the lock, which SQLite gives to the first
/// that asks.
const LOOK: Duration = Duration::from_millis(5);
/// After a commit of this duration, other processes get a chance to write, which they notice within a [`LOOK`].
const LONG: Duration = Duration::from_millis(100);

/// A database in one file, in WAL mode with foreign keys. Cheap to clone.
///
/// Reads run on the calling thread, on a connection from a pool, because these point look-ups take less time than
/// switching to another thread. Writes run on one thread, which commits waiting writes together, so that they share a
/// flush to the disk, and no thread of low priority delays it.
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

/// The workload of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Requests of users.
    Requests,
    /// Commands, such as imports of many users: more memory, and fewer checkpoints from the log to the database.
    Bulk,
}

struct Shared {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    jobs: Mutex<Option<Sender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Job {
    statements: Vec<Statement>,
    /// The statements return with the result, so that the caller frees them, and not the one thread that all wait for.
    reply: oneshot::Sender<(JobResult, Vec<Statement>)>,
}

impl Sqlite {
    /// Opens a database, or creates an empty one and its folder.
    ///
    /// # Errors
    /// It can't be opened, or is not an SQLite database.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_for(path, Workload::Requests)
    }

    /// Opens it for one workload.
    pub(crate) fn open_for(path: &Path, workload: Workload) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("can't create {}", folder.display()))?;
        }
        let connection = open_writer(path, workload)
            .with_context(|| format!("can't open the database {}", path.display()))?;
        let (jobs, queue) = channel();
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || write(connection, &queue))?;
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                readers: Mutex::default(),
                jobs: Mutex::new(Some(jobs)),
                writer: Mutex::new(Some(writer)),
            }),
        })
    }

    /// Stops the writer after the waiting jobs, and moves everything from the write-ahead log to the database.
    pub fn close(&self) {
        drop(lock(&self.shared.jobs).take());
        if let Some(writer) = lock(&self.shared.writer).take() {
            let _ = writer.join();
        }
        lock(&self.shared.readers).clear();
    }

    fn read(&self, statement: Statement) -> rusqlite::Result<Vec<Row>> {
        let reader = lock(&self.shared.readers).pop();
        let reader = match reader {
            Some(reader) => reader,
            None => open_reader(&self.shared.path)?,
        };
        let rows = run(&reader, &statement);
        // A failed connection can be to a deleted file, so the next one is opened again.
        if rows.is_ok() {
            lock(&self.shared.readers).push(reader);
        }
        rows
    }
}

impl Executor for Sqlite {
    const TAKES_ROWS: bool = true;

    async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        self.read(statement).map_err(storage_error)
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        let mut results = self.batch(vec![statement]).await?;
        Ok(results.pop().unwrap_or_default())
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError> {
        let (reply, answer) = oneshot::channel();
        let closed = || StorageError::Unavailable("the database is closed".into());
        let sent = lock(&self.shared.jobs)
            .as_ref()
            .is_some_and(|jobs| jobs.send(Job { statements, reply }).is_ok());
        if !sent {
            return Err(closed());
        }
        match answer.await {
            Ok((result, _)) => result,
            Err(_) => Err(closed()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates the file of a database if it is missing. It contains password hashes, so only its owner can read it; SQLite gives
/// the files beside it the same permissions.
///
/// An existing file is not opened: closing it would release all locks that SQLite holds on it in this process (POSIX locks
/// belong to the process), and another process would take the database for unused and delete its write-ahead log.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

fn open_writer(path: &Path, workload: Workload) -> Result<Connection> {
    create_private(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_handler(Some(wait_for_lock))?;
    enter_wal(&connection)?;
    // FULL: an acknowledged commit also survives a power failure.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
    )?;
    if workload == Workload::Bulk {
        // Addresses and names have no order, so an import touches pages all over their indexes, and many commits change
        // a page before it must be in the database. The log grows to a GiB at most. Data for undoing a single statement
        // stays in memory.
        connection.execute_batch(
            "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 262144; PRAGMA temp_store = MEMORY;",
        )?;
    }
    prepare_once(&connection)?;
    Ok(connection)
}

/// Returns whether to wait longer for another process's lock.
fn wait_for_lock(looks: i32) -> bool {
    std::thread::sleep(LOOK);
    LOOK * looks.unsigned_abs() < BUSY_TIMEOUT
}

/// Switches to the write-ahead log. If several processes create the same new database, SQLite reports immediately to
/// all but one of them that it is locked, without waiting.
fn enter_wal(connection: &Connection) -> rusqlite::Result<()> {
    let until = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL") {
            Err(error) if is_locked(&error) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// Keeps prepared statements, with stable plans. Without that guarantee, SQLite prepares a statement again when a
/// parameter that could influence its plan changes, which is every time.
pub(crate) fn prepare_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA mmap_size = 268435456; PRAGMA trusted_schema = OFF;")?;
    prepare_once(&connection)?;
    Ok(connection)
}

/// Runs jobs until every sender is gone, then empties the write-ahead log.
fn write(mut connection: Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        let begun = Instant::now();
        let mut done = write_together(&mut connection, &mut jobs, queue)
            .map(|results| results.into_iter().map(Ok).collect());
        match &done {
            // The jobs that wait by now would wait for the same lock.
            Err(error) if is_locked(error) => jobs.extend(queue.try_iter()),
            Err(_) if jobs.len() > 1 => done = write_apart(&mut connection, &jobs),
            _ => {}
        }
        let took = begun.elapsed();
        let results: Vec<JobResult> = done.unwrap_or_else(|error| {
            let error = storage_error(error);
            jobs.iter().map(|_| Err(error.clone())).collect()
        });
        // Only now, because an acknowledged commit is on the disk.
        for (job, result) in jobs.into_iter().zip(results) {
            // A caller that is gone needs no result.
            let _ = job.reply.send((result, job.statements));
        }
        if took > LONG {
            std::thread::sleep(2 * LOOK);
        }
    }
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

type JobResult = Result<Vec<Vec<Row>>, StorageError>;

/// Runs a job, and those that wait by then, in one transaction, which is rolled back if one fails. Failures are rare,
/// so no data is kept to undo a single job.
fn write_together(
    connection: &mut Connection,
    jobs: &mut Vec<Job>,
    queue: &Receiver<Job>,
) -> rusqlite::Result<Vec<Vec<Vec<Row>>>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (mut results, begun) = (Vec::new(), Instant::now());
    while let Some(job) = jobs.get(results.len()) {
        results.push(run_all(&transaction, job)?);
        if jobs.len() < GROUP && begun.elapsed() < LONGEST {
            jobs.extend(queue.try_recv());
        }
    }
    transaction.commit()?;
    Ok(results)
}

/// Runs jobs one after another in one transaction. A failed job is undone alone.
fn write_apart(connection: &mut Connection, jobs: &[Job]) -> rusqlite::Result<Vec<JobResult>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut results = Vec::with_capacity(jobs.len());
    for job in jobs {
        let savepoint = transaction.savepoint()?;
        results.push(match run_all(&savepoint, job) {
            Ok(rows) => {
                savepoint.commit()?;
                Ok(rows)
            }
            Err(error) => {
                drop(savepoint);
                Err(storage_error(error))
            }
        });
    }
    transaction.commit()?;
    Ok(results)
}

fn run_all(connection: &Connection, job: &Job) -> rusqlite::Result<Vec<Vec<Row>>> {
    job.statements
        .iter()
        .map(|statement| run(connection, statement))
        .collect()
}

fn run(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let (columns, expected) = (prepared.column_count(), prepared.parameter_count());
    let mut read = Vec::new();
    let mut once = |further: &[Value]| {
        let given = statement.parameters.len() + further.len();
        if given != expected {
            return Err(rusqlite::Error::InvalidParameterCount(given, expected));
        }
        for (index, value) in (1..).zip(statement.parameters.iter().chain(further)) {
            match value {
                Value::Null => prepared.raw_bind_parameter(index, rusqlite::types::Null)?,
                Value::Integer(number) => prepared.raw_bind_parameter(index, number)?,
                Value::Text(text) => prepared.raw_bind_parameter(index, text)?,
            }
        }
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            let column = |index| {
                Ok(match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    other => {
                        return Err(rusqlite::Error::InvalidColumnType(
                            index,
                            "column".into(),
                            other.data_type(),
                        ));
                    }
                })
            };
            read.push(Row::new(
                (0..columns).map(column).collect::<rusqlite::Result<_>>()?,
            ));
        }
        Ok(())
    };
    if statement.rows.is_empty() {
        once(&[])?;
    }
    for row in &statement.rows {
        once(row)?;
    }
    Ok(read)
}

/// Returns whether another process has locked the database.
fn is_locked(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Returns the kind of a failure. SQLite's texts contain names of tables and columns, but never values.
fn storage_error(error: rusqlite::Error) -> StorageError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed,
        OperationInterrupted, OutOfMemory, PermissionDenied, ReadOnly, SystemIoFailure,
    };
    let text = error.to_string();
    tracing::error!(cause = text, "database");
    match error.sqlite_error_code() {
        Some(
            DatabaseBusy
            | DatabaseLocked
            | ReadOnly
            | SystemIoFailure
            | DiskFull
            | CannotOpen
            | PermissionDenied
            | OutOfMemory
            | OperationInterrupted
            | FileLockingProtocolFailed,
        ) => StorageError::Unavailable(text),
        _ => StorageError::Invalid(text),
    }
}
