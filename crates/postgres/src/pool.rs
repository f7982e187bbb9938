//! A pool of connections.

use std::future::ready;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod};
use gatewright_storage_postgres::{Executor, Failure, Row, Statement, UrlError, pause_before};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot::channel;
use tokio::task::yield_now;

use crate::address::{Address, AddressError};
use crate::connections::{Connections, Effect};
use crate::failure::unavailable;
use crate::look_ups::{LookUps, SLOW};
use crate::tls;

/// How often a caller lets the other tasks of its thread run before its look-up. Requests that have arrived by then get as
/// far as their look-ups, and share the statement. A request is several tasks, each of which wakes the next one.
const YIELDS: u32 = 4;
/// Maximum time that a look-up waits for this, because the thread of its caller can be busy.
const GATHERING: Duration = Duration::from_millis(5);

/// Settings of a pool.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Maximum number of connections.
    pub size: usize,
    /// Maximum time to wait for a connection: for a free one, or for a new one.
    pub connect_timeout: Duration,
    /// Maximum time that a statement takes, and that a transaction is idle.
    pub statement_timeout: Duration,
    /// Whether statements are prepared once for each connection, and the time-outs are set for it. A pooler that gives
    /// each transaction another connection needs `false`; the time-outs are then set in the pooler.
    pub keeps_session: bool,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            size: 16,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            keeps_session: true,
        }
    }
}

/// A database, by a pool of connections to it. Cheap to clone.
///
/// Connections and their statements run on a thread of their own, so that neither a caller that is busy nor one of low
/// priority delays the replies of others, or on the runtime of [`run_on`](Self::run_on). A caller waits without blocking, on
/// any runtime or on none.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    connections: Connections,
    look_ups: LookUps,
    /// The runtime of their own thread. Taken when this is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
    /// The runtime that they were moved to.
    moved: OnceLock<Handle>,
}

impl Shared {
    /// Returns the runtime of the connections.
    fn handle(&self) -> &Handle {
        self.moved.get().unwrap_or(&self.handle)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It can be dropped in the middle of another runtime's work, which must not wait.
            runtime.shutdown_background();
        }
    }
}

/// The name of a host's connections, by which the server lists them.
pub const APPLICATION_NAME: &str = "gatewright";

impl Postgres {
    /// Creates a pool. Connections are opened when they are needed.
    ///
    /// # Errors
    /// The certificates of the address can't be read, or the thread can't be started.
    pub fn new(address: &Address, settings: &PoolSettings) -> Result<Self, AddressError> {
        let mut config = address.config.clone();
        config.connect_timeout(settings.connect_timeout);
        config.application_name(APPLICATION_NAME);
        if settings.keeps_session {
            // All statements are short. Until the server has statistics of new tables, it would compile some of them each time.
            let limit = settings.statement_timeout.as_millis();
            let given = config.get_options().unwrap_or_default();
            config.options(format!(
                "{given} -c jit=off -c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit}"
            ));
        }
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(
            config,
            tls::connector(address)?,
            ManagerConfig { recycling_method },
        );
        let pool = Pool::builder(manager)
            .max_size(settings.size)
            // Few connections are used under low load, and their statements stay prepared and planned.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(settings.connect_timeout))
            .create_timeout(Some(settings.connect_timeout))
            .build()
            .map_err(|_| UrlError::Malformed)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|_| AddressError::Thread)?;
        Ok(Self {
            shared: Arc::new(Shared {
                connections: Connections {
                    pool,
                    keeps_session: settings.keeps_session,
                    connect_timeout: settings.connect_timeout,
                    patience: settings.connect_timeout + settings.statement_timeout,
                },
                look_ups: LookUps::default(),
                handle: runtime.handle().clone(),
                runtime: Some(runtime),
                moved: OnceLock::new(),
            }),
        })
    }

    /// Returns the maximum number of connections.
    pub fn max_connections(&self) -> usize {
        self.shared.connections.pool.status().max_size
    }

    /// Moves the connections to a runtime, whose callers then need no switch between threads. Connections that are not in use
    /// are closed. Callers wait while the thread of the runtime does something else, so it must never wait for one of them;
    /// after the end of the runtime, the database is unavailable. Only the first call has an effect.
    pub fn run_on(&self, runtime: &Handle) {
        if self.shared.moved.set(runtime.clone()).is_ok() {
            self.shared.connections.pool.retain(|_, _| false);
        }
    }

    /// Closes all connections that are not in use, and opens no further ones.
    pub fn close(&self) {
        self.shared.connections.pool.close();
    }

    /// Runs statements where the connections run.
    async fn run(
        &self,
        statements: Vec<Statement>,
        effect: Effect,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let connections = self.shared.connections.clone();
        let run = async move { connections.run(statements, effect).await };
        let ended = self.shared.handle().spawn(run).await;
        ended.unwrap_or_else(|_| Err(closed()))
    }

    /// Begins a turn of look-ups where the connections run. It goes on without its caller.
    fn begin(&self, sql: &'static str, number: u64, gathered: impl Future + Send + 'static) {
        let turn = Turn {
            postgres: self.clone(),
            sql,
            number,
            is_over: false,
        };
        self.shared.handle().spawn(turn.answer(gathered));
    }
}

/// A turn of look-ups. Without a runtime that goes on with it, no caller waits any more.
struct Turn {
    postgres: Postgres,
    sql: &'static str,
    number: u64,
    is_over: bool,
}

impl Turn {
    /// Answers the callers of the look-up until the turn is over. The first statement waits until `gathered` ends.
    async fn answer(mut self, gathered: impl Future) {
        let _ = tokio::time::timeout(GATHERING, gathered).await;
        let (postgres, sql) = (&self.postgres, self.sql);
        let look_ups = &postgres.shared.look_ups;
        while let Some(callers) = look_ups.next(sql, self.number, Instant::now()) {
            let mut looking_up = pin!(postgres.query(callers.statement(sql)));
            let looked_up = loop {
                match tokio::time::timeout(SLOW, &mut looking_up).await {
                    Ok(looked_up) => break looked_up,
                    Err(_) => {
                        if let Some(further) = look_ups.begin(sql, Instant::now()) {
                            postgres.begin(sql, further, ready(()));
                        }
                    }
                }
            };
            callers.answer(looked_up);
        }
        self.is_over = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            let look_ups = &self.postgres.shared.look_ups;
            look_ups.abandon(self.sql, self.number);
        }
    }
}

fn closed() -> Failure {
    unavailable("the database is closed")
}

impl Executor for Postgres {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        let results = self.run(vec![statement], Effect::Reads).await?;
        Ok(results.into_iter().next().unwrap_or_default())
    }

    async fn look_up(&self, sql: &'static str, key: String) -> Result<Vec<Row>, Failure> {
        let (mut answer, turn) = self.shared.look_ups.add(sql, key, Instant::now());
        if let Some(turn) = turn {
            let (gathering, gathered) = channel::<()>();
            self.begin(sql, turn, gathered);
            let gather = async move {
                for _ in 0..YIELDS {
                    yield_now().await;
                }
                drop(gathering);
            };
            tokio::select! {
                biased;
                () = gather => {}
                // It comes first if this thread is busy.
                answer = &mut answer => return answer.unwrap_or_else(|_| Err(closed())),
            }
        }
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        let results = self.run(vec![statement], Effect::Writes).await?;
        Ok(results.into_iter().next().unwrap_or_default())
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        self.run(statements, Effect::Transaction).await
    }

    async fn pause(&self, attempt: u32) {
        let pause = pause_before(attempt, fastrand::u64(..));
        let slept = async move { tokio::time::sleep(pause).await };
        // It ends early only if the database is closed, as the next attempt then reports.
        let _ = self.shared.handle().spawn(slept).await;
    }
}
