//! Listening, and giving each request to an instance.
//!
//! Light requests run on one single-threaded runtime and listener per processor. Requests that compute a password
//! hash run on a second runtime whose threads the operating system prefers last, so that they use what the light
//! ones leave. Both take only as many as they can hold; the rest is told to come back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use gatewright_http::{ApiError, MAX_BODY};
use gatewright_sql::{MigrationError, SqlStorage, purge_when_due};
use http::header::{AUTHORIZATION, COOKIE};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, watch};
use wasmtime_wasi_http::WasiBody;

use crate::bindings::Contract;
use crate::component::{self, Source};
use crate::instance::{Imports, Instances, Shared};
use crate::lane::Lane;
use crate::request::prepare;
use crate::settings::{HostConfig, LayeredSettings};
use crate::spin::App;
use crate::sqlite::{Sqlite, database_path};

/// How often a running instance yields.
const EPOCH: Duration = Duration::from_millis(1);
/// The value by which the operating system prefers the threads of password hashes last.
const NICE: i32 = 19;
/// How long a client may take to send the headers of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// For how long connections are still taken when told to stop: those that wait in the system's queue, or have not
/// been read from, would be reset otherwise.
const DRAIN: Duration = Duration::from_millis(250);
/// How often, and for how long, an HTTP/2 client is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A host that listens.
pub struct Server {
    shared: Arc<Threads>,
    listeners: Vec<std::net::TcpListener>,
    address: SocketAddr,
    /// That of the contract; a Spin application opens its own.
    database: Option<(Sqlite, LayeredSettings)>,
    heavy: Runtime,
    made: Vec<String>,
    shutdown_timeout: Duration,
}

/// What every thread shares.
struct Threads {
    instances: Instances,
    heavy: Arc<Lane>,
    timeout: Duration,
    /// Most light requests that wait or are served, most light instances, and most connections, of each thread.
    max_requests: usize,
    light_instances: usize,
    max_connections: usize,
}

impl Server {
    /// Opens the database, loads the service, binds the address. After this the server can serve. `compiler` is the
    /// program whose command [`COMPILE`](crate::COMPILE) compiles.
    ///
    /// # Errors
    /// What is missing or can't be used.
    pub fn start(
        settings: LayeredSettings,
        config: &HostConfig,
        component: &Path,
        compiler: &Path,
        clock_offset: i64,
    ) -> Result<Self> {
        let path = database_path(&config.database_url).context("DATABASE_URL")?;
        let bytes = std::fs::read(component)
            .with_context(|| format!("can't read the component {}", component.display()))?;
        let is_new = !path.exists();
        let database = Sqlite::open(&path)?;
        migrate(&database)?;
        let mail = settings.mail_config()?;
        let imports = Imports::Contract(Box::new(Contract {
            storage: SqlStorage::new(database.clone()),
            mailer: settings.mailer(&mail)?,
            mail,
            settings: settings.clone(),
        }));
        let cache = path.with_file_name("cache");
        let compiled = (&bytes[..], compiler, &*cache);
        let mut server = Self::listen(imports, compiled, config, clock_offset)
            .with_context(|| component.display().to_string())?;
        if is_new {
            server
                .made
                .insert(0, format!("database {}", path.display()));
        }
        server.database = Some((database, settings));
        Ok(server)
    }

    /// Loads a Spin application and binds the address. After this the server can serve. `compiler` is as for
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// What is missing or can't be used.
    pub fn start_spin(
        app: App,
        config: &HostConfig,
        compiler: &Path,
        clock_offset: i64,
    ) -> Result<Self> {
        let bytes = app.component().to_owned();
        let cache = app.state().join("cache");
        let compiled = (&bytes[..], compiler, &*cache);
        Self::listen(Imports::Spin(app), compiled, config, clock_offset)
    }

    fn listen(
        imports: Imports,
        (bytes, compiler, cache): (&[u8], &Path, &Path),
        config: &HostConfig,
        clock_offset: i64,
    ) -> Result<Self> {
        let mut made = Vec::new();
        let threads = match config.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let memory =
            usize::try_from(config.instance_memory_mib << 20).context("INSTANCE_MEMORY_MIB")?;
        let engine = component::engine(memory)?;
        let source = Source {
            bytes,
            memory,
            compiler,
        };
        let (loaded, compiled) = component::load(&engine, &source, cache)?;
        if compiled {
            made.push(format!("compiled component in {}", cache.display()));
        }
        let shared = Arc::new(Shared {
            imports,
            clock_offset,
            done: false.into(),
        });
        let instances = Instances::new(&engine, &loaded, shared, memory, config)?;
        std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                loop {
                    std::thread::sleep(EPOCH);
                    engine.increment_epoch();
                }
            })?;

        let heavy = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("hashes")
            .enable_all()
            .on_thread_start(prefer_last)
            .build()?;
        let shared = Arc::new(Threads {
            heavy: Arc::new(Lane::new(
                instances.clone(),
                heavy.handle().clone(),
                threads,
                threads + config.max_waiting_hashes,
                config.request_timeout,
            )),
            instances,
            timeout: config.request_timeout,
            max_requests: config.max_requests,
            // Half of the pool: the rest is for those that compute hashes and those that are just ending.
            light_instances: (component::INSTANCES as usize / 2 / threads).min(config.max_requests),
            max_connections: (config.max_connections / threads).max(1),
        });
        let (listeners, address) = listen(config.listen, threads)?;
        Ok(Self {
            shared,
            listeners,
            address,
            database: None,
            heavy,
            made,
            shutdown_timeout: config.shutdown_timeout,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What starting has made, a line each.
    pub fn made(&self) -> &[String] {
        &self.made
    }

    /// Serves until the process is told to stop, then lets requests in flight finish and closes the database.
    ///
    /// # Errors
    /// Signals can't be received, or a thread can't be started.
    pub fn run_until_signal(self) -> Result<()> {
        let (stop, stopping) = watch::channel(false);
        let mut threads = Vec::new();
        for (index, listener) in self.listeners.into_iter().enumerate() {
            let (shared, stopping, limit) =
                (self.shared.clone(), stopping.clone(), self.shutdown_timeout);
            let thread = std::thread::Builder::new().name(format!("serve-{index}"));
            threads.push(thread.spawn(move || serve(shared, listener, stopping, limit))?);
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signal = runtime.block_on(wait_for_signal(self.database.as_ref()))?;
        tracing::info!(signal, "stopping");
        stop.send_replace(true);
        for thread in threads {
            match thread.join() {
                Ok(ended) => ended?,
                Err(_) => tracing::error!("a serving thread panicked"),
            }
        }
        self.heavy.shutdown_timeout(Duration::from_secs(1));
        if let Some((database, _)) = self.database {
            database.close();
        }
        Ok(())
    }
}

pub(crate) fn now() -> auth_core::Timestamp {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    auth_core::Timestamp::from_millis(now.as_millis() as u64)
}

pub(crate) fn migrate(database: &Sqlite) -> Result<()> {
    let runtime = Builder::new_current_thread().build()?;
    match runtime.block_on(gatewright_sql::migrate(database, now())) {
        Ok(_) => Ok(()),
        Err(MigrationError::Newer { found, known }) => {
            anyhow::bail!(
                "the database has schema {found} and this version knows {known}: use a newer gatewright"
            )
        }
        Err(MigrationError::Storage(error)) => {
            anyhow::bail!("the database can't be migrated: {error:?}")
        }
    }
}

/// One listener for each thread on the same port, among which the operating system spreads connections.
fn listen(address: SocketAddr, threads: usize) -> Result<(Vec<std::net::TcpListener>, SocketAddr)> {
    let context = || format!("can't listen on {address}");
    // Bound alone first: a port that is shared from the start would be shared with any other process, too.
    drop(std::net::TcpListener::bind(address).with_context(context)?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let mut listeners = Vec::new();
    let mut bound = address;
    for _ in 0..threads {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        socket.bind(bound).with_context(context)?;
        let listener = socket.listen(1024).with_context(context)?.into_std()?;
        bound = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok((listeners, bound))
}

fn prefer_last() {
    // Failing leaves the thread as it was, which costs speed alone.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

/// Waits for SIGINT or SIGTERM, and clears out of the database meanwhile what has expired.
async fn wait_for_signal(database: Option<&(Sqlite, LayeredSettings)>) -> Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok("SIGINT"),
            _ = terminate.recv() => return Ok("SIGTERM"),
            _ = minute.tick() => {
                if let Some((database, settings)) = database {
                    // A failure is in the log already; the next time tries again.
                    let _ = purge_when_due(database, now(), settings).await;
                }
            }
        }
    }
}

/// Serves connections of one listener until told to stop.
fn serve(
    shared: Arc<Threads>,
    listener: std::net::TcpListener,
    mut stopping: watch::Receiver<bool>,
    limit: Duration,
) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let lanes = Arc::new(Lanes {
            light: Lane::new(
                shared.instances.clone(),
                Handle::current(),
                shared.light_instances,
                shared.max_requests,
                shared.timeout,
            ),
            heavy: shared.heavy.clone(),
            timeout: shared.timeout,
        });
        let connections = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(shared.max_connections));
        let accepting = async {
            loop {
                // A connection beyond the most is not taken from the system's queue before another has ended.
                let place = places.clone().acquire_owned().await;
                let accepted = listener.accept().await;
                let Ok((stream, peer)) = accepted else {
                    // Out of file descriptors, most likely: let some be closed.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let lanes = lanes.clone();
                let service = service_fn(move |request| answer(lanes.clone(), peer, request));
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder
                    .http1()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER_TIMEOUT)
                    .pipeline_flush(true);
                builder
                    .http2()
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(64)
                    .keep_alive_interval(KEEP_ALIVE)
                    .keep_alive_timeout(KEEP_ALIVE);
                let watcher = connections.watcher();
                tokio::spawn(async move {
                    let _place = place;
                    // Who says nothing is not waited for: the timers above start with the first byte.
                    if tokio::time::timeout(HEADER_TIMEOUT, stream.readable())
                        .await
                        .is_err()
                    {
                        return;
                    }
                    let connection = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .into_owned();
                    // A client that went away is no fault of the service.
                    let _ = watcher.watch(connection).await;
                });
            }
        };
        let told = async {
            let _ = stopping.changed().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            () = accepting => {}
            () = told => {}
        }
        drop(listener);
        if tokio::time::timeout(limit, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some requests did not finish in time");
        }
        shared.instances.done();
        Ok(())
    })
}

/// Where the requests of one thread go.
struct Lanes {
    light: Lane,
    heavy: Arc<Lane>,
    timeout: Duration,
}

/// Answers a request: by an instance, or where none can, in the same form.
async fn answer(
    lanes: Arc<Lanes>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<WasiBody>, Infallible> {
    let route = gatewright_http::find(request.method(), request.uri().path());
    let served = async {
        // The body is read first, so that a slow client holds a connection and not an instance.
        // Long bodies are for those who bring what may prove that they may.
        let known = [AUTHORIZATION, COOKIE];
        let known = known
            .iter()
            .any(|name| request.headers().contains_key(name));
        let limit = route.filter(|_| known);
        let limit = limit.map_or(MAX_BODY, |route| route.max_body);
        let request = tokio::time::timeout(lanes.timeout, prepare(peer, request, limit)).await;
        let request = request.map_err(|_| {
            let message = "The body came too slowly.";
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
        })??;
        let heavy = route.is_some_and(|route| route.heavy);
        if heavy {
            lanes.heavy.serve(request).await
        } else {
            lanes.light.serve(request).await
        }
    };
    Ok(served.await.unwrap_or_else(|error: ApiError| {
        let response = error.into_host_response(route);
        response.map(|body| {
            Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync()
        })
    }))
}
