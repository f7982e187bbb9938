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

/// How long a statement waits for another process's lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept for each connection; more than there are in the SQL.
const STATEMENTS: usize = 128;
/// Most batches that share one commit, and so one flush to the disk.
const GROUP: usize = 128;
/// After how long a commit takes no further batch: other processes wait for it, and give up after [`BUSY_TIMEOUT`].
const LONGEST: Duration = Duration::from_secs(2);
/// How often a writer looks whether another process has let go of the lock, which SQLite gives to who comes first.
const LOOK: Duration = Duration::from_millis(5);
/// After a commit that took so long others get a chance to write, which takes them no more than a [`LOOK`] to notice.
const LONG: Duration = Duration::from_millis(100);

/// A database in one file, in WAL mode with foreign keys. Cheap to clone.
///
/// Reads run where they are asked for, on a connection taken from a pool: they are point look-ups, shorter than
/// the way to another thread. Writes go to one thread, which commits those that wait together, so that a flush to
/// the disk is shared and never held up by a thread of low priority.
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Requests of people.
    Requests,
    /// Commands, among them imports of many users: more memory, and fewer ways from the log to the database.
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
    /// The statements go back with the result: who made them frees them, and not the one thread for which all wait.
    reply: oneshot::Sender<(JobResult, Vec<Statement>)>,
}

/// The path in a `DATABASE_URL` of the form `sqlite:path`; none when it has another.
pub fn database_path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
}

impl Sqlite {
    /// Opens a database, or makes an empty one and the folder it is in.
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
                .with_context(|| format!("can't make {}", folder.display()))?;
        }
        let connection = open_writer(path, workload)
            .with_context(|| format!("can't use {} as a database", path.display()))?;
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

    /// Ends the writer after the jobs that wait, and moves everything from the write-ahead log to the database.
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
        // A connection that failed may be of a file that is gone: the next one opens anew.
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
    // FULL: an acknowledged commit survives a loss of power, too.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
    )?;
    if workload == Workload::Bulk {
        // Addresses and names come in no order: what an import touches is spread over all of their indexes, and many
        // commits change a page before it has to be in the database. The log grows to a GiB at most. What would
        // undo a single statement stays in memory.
        connection.execute_batch(
            "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 262144; PRAGMA temp_store = MEMORY;",
        )?;
    }
    prepare_once(&connection)?;
    Ok(connection)
}

/// Whether another process's lock is worth another look.
fn wait_for_lock(looks: i32) -> bool {
    std::thread::sleep(LOOK);
    LOOK * looks.unsigned_abs() < BUSY_TIMEOUT
}

/// Switches to the write-ahead log. When several processes make the same new database, SQLite answers all but one of
/// them at once that it is locked, without waiting.
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

/// Keeps prepared statements, and their plans whatever is bound: without the guarantee of stable plans SQLite
/// prepares a statement anew when a parameter that could influence its plan changes, which is every time.
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

/// Serves jobs until every sender is gone, then empties the write-ahead log.
fn write(mut connection: Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        let begun = Instant::now();
        let mut done = write_together(&mut connection, &mut jobs, queue)
            .map(|results| results.into_iter().map(Ok).collect());
        match &done {
            // Who waits by now would wait for the same.
            Err(error) if is_locked(error) => jobs.extend(queue.try_iter()),
            Err(_) if jobs.len() > 1 => done = write_apart(&mut connection, &jobs),
            _ => {}
        }
        let took = begun.elapsed();
        let results: Vec<JobResult> = done.unwrap_or_else(|error| {
            let error = storage_error(error);
            jobs.iter().map(|_| Err(error.clone())).collect()
        });
        // Only now: what is acknowledged is on the disk.
        for (job, result) in jobs.into_iter().zip(results) {
            // A caller that has gone away does not need to know.
            let _ = job.reply.send((result, job.statements));
        }
        if took > LONG {
            std::thread::sleep(2 * LOOK);
        }
    }
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

type JobResult = Result<Vec<Vec<Row>>, StorageError>;

/// Runs a job, and those that wait by then, in one transaction, of which nothing is left when one fails: as a rule none
/// does, and so nothing is kept to undo one alone.
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

/// Runs jobs one after another in one transaction, each undone alone when it fails.
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

/// Whether another process has locked the database.
fn is_locked(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Which of the two kinds of failure it is. SQLite's texts name tables and columns and never values.
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
