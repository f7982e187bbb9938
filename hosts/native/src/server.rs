//! Listening, and giving each request to an instance.
//!
//! Light requests run on one single-threaded runtime and listener per processor. Requests that compute a password
//! hash run on a second runtime whose threads the operating system prefers last, so that they use what the light
//! ones leave. Both take only as many as they can hold; the rest is told to come back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_core::IpBlock;
use auth_core::config::RetentionConfig;
use bytes::Bytes;
use gatewright_http::{ApiError, MAX_BODY, MAX_HEAD, Route};
use gatewright_storage_sqlite::{MigrationError, SqlStorage, purge_when_due};
use http::header::EXPECT;
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, watch};

use crate::bindings::Contract;
use crate::component::{self, Source};
use crate::instance::{Imports, Instances, Shared};
use crate::lane::Lane;
use crate::peers::{Held, Peer, Peers};
use crate::request::{Reading, head_only, linger, prepare, without_body};
use crate::settings::{HostConfig, LayeredSettings};
use crate::spin::App;
use crate::sqlite::{Sqlite, database_path};
use crate::tidy::tidy;

/// How often a running instance yields.
const EPOCH: Duration = Duration::from_millis(1);
/// How nice the threads of password hashes are: the host's other threads go first, and other programs leave them a fair
/// part. At 19 a busy program beside the host leaves them hardly anything, and no login ends in time.
const NICE: i32 = 5;
/// How long a client may take to send the headers of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// For how long connections are still taken when told to stop: those that wait in the system's queue, or have not
/// been read from, would be reset otherwise.
const DRAIN: Duration = Duration::from_millis(250);
/// How often, and for how long, an HTTP/2 client is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Most requests of one HTTP/2 connection, and what it may send of one of their bodies, and of all, before that is read.
const STREAMS: u32 = 32;
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 128 * 1024;
/// Buffer for a head and what surrounds it: a head that is a little too large is refused in the form of all errors.
const HEAD_BUFFER: usize = MAX_HEAD + 8 * 1024;
/// Most bytes of an answer of HTTP/2 that wait in its buffer.
const SEND_BUFFER: usize = 64 * 1024;
/// How many bodies longer than most routes take may be read at once.
const LONG_BODIES: usize = 8;
/// The part of the memory of bodies that one network may take, and how much that is at least: a long body.
const SHARE: usize = 4;
const LEAST_SHARE: usize = 2 << 20;

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
    /// Whether this stands in for Spin: one listener and one runtime for all requests, however many, none of them
    /// preferred, and no `TCP_NODELAY`.
    spin: bool,
    instances: Instances,
    threads: usize,
    heavy: Arc<Lane>,
    timeout: Duration,
    /// Most light requests that wait or are served, most light instances, and most connections, of each thread.
    max_requests: usize,
    light_instances: usize,
    max_connections: usize,
    peers: Arc<Peers>,
    /// A place for each long body that is read.
    long_bodies: Arc<Semaphore>,
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
        let trusted = settings.proxy_config()?.trusted;
        let mut server = Self::listen(imports, compiled, config, trusted, clock_offset)
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
        let trusted = app.trusted_proxies();
        Self::listen(Imports::Spin(app), compiled, config, trusted, clock_offset)
    }

    fn listen(
        imports: Imports,
        (bytes, compiler, cache): (&[u8], &Path, &Path),
        config: &HostConfig,
        trusted: Vec<IpBlock>,
        clock_offset: i64,
    ) -> Result<Self> {
        let mut made = Vec::new();
        let spin = matches!(imports, Imports::Spin(_));
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
            spin,
            threads,
            heavy: Arc::new(Lane::new(
                instances.clone(),
                heavy.handle().clone(),
                threads,
                threads + config.max_waiting_hashes,
                config.request_timeout,
            )),
            instances,
            timeout: config.request_timeout,
            max_requests: if spin {
                Semaphore::MAX_PERMITS
            } else {
                config.max_requests
            },
            // Half of the pool: the rest is for those that compute hashes and those that are just ending.
            light_instances: match spin {
                true => Semaphore::MAX_PERMITS,
                false => (component::INSTANCES as usize / 2 / threads).min(config.max_requests),
            },
            max_connections: (config.max_connections / threads).max(1),
            peers: Peers::new(
                trusted,
                config.max_connections_per_network,
                config.body_memory,
                (config.body_memory / SHARE).max(LEAST_SHARE),
            ),
            long_bodies: Arc::new(Semaphore::new(LONG_BODIES)),
        });
        allow_open_files();
        let (listeners, address) = listen(config.listen, if spin { 1 } else { threads })?;
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
    match runtime.block_on(gatewright_storage_sqlite::migrate(database, now())) {
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

/// Lets the process have as many files and connections open as its user may; the usual limit is for programs with few.
fn allow_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    // Failing leaves the limit as it was.
    let _ = setrlimit(Resource::Nofile, all);
}

/// Lets the thread go after others.
pub(crate) fn prefer_last() {
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
                    let retention = async {
                        let loaded = RetentionConfig::load(settings).await;
                        loaded.map(|retention| retention.audit).map_err(|error| error.to_string())
                    };
                    let _ = purge_when_due(database, now(), retention).await;
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
    let mut builder = match shared.spin {
        true => Builder::new_multi_thread(),
        false => Builder::new_current_thread(),
    };
    let runtime = builder
        .worker_threads(shared.threads)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let light = Arc::new(Lane::new(
            shared.instances.clone(),
            Handle::current(),
            shared.light_instances,
            shared.max_requests,
            shared.timeout,
        ));
        let heavy = if shared.spin { &light } else { &shared.heavy };
        let lanes = Arc::new(Lanes {
            heavy: heavy.clone(),
            light,
            long_bodies: shared.long_bodies.clone(),
            timeout: shared.timeout,
            requests: Arc::default(),
        });
        tokio::spawn(tidy(lanes.requests.clone()));
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
                // One network leaves the others their places.
                let Some(guest) = shared.peers.take(peer).map(Arc::new) else {
                    continue;
                };
                let _ = stream.set_nodelay(!shared.spin);
                let (lanes, of_guest) = (lanes.clone(), guest.clone());
                let service = service_fn(move |request| {
                    answer(lanes.clone(), of_guest.clone(), peer, request)
                });
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder
                    .http1()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER_TIMEOUT)
                    .max_buf_size(HEAD_BUFFER)
                    .pipeline_flush(true);
                builder
                    .http2()
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(STREAMS)
                    .initial_stream_window_size(STREAM_WINDOW)
                    .initial_connection_window_size(CONNECTION_WINDOW)
                    .max_header_list_size(HEAD_BUFFER as u32)
                    .max_send_buf_size(SEND_BUFFER)
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
                    tokio::select! {
                        // A client that went away is no fault of the service.
                        _ = watcher.watch(connection) => {}
                        () = guest.stalls() => {}
                    }
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
    light: Arc<Lane>,
    heavy: Arc<Lane>,
    long_bodies: Arc<Semaphore>,
    timeout: Duration,
    /// Requests so far.
    requests: Arc<AtomicU64>,
}

/// Answers a request: by an instance, or where none can, in the same form.
async fn answer(
    lanes: Arc<Lanes>,
    guest: Arc<Peer>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    guest.begin();
    lanes.requests.fetch_add(1, Ordering::Relaxed);
    let (parts, body) = request.into_parts();
    let mut body = Some(body).filter(|body| !body.is_end_stream());
    let route = gatewright_http::find(&parts.method, parts.uri.path());
    // In HTTP/2 a request can be ended without its connection, and with this header its body comes when it is asked for.
    let may_be_sending = parts.version < Version::HTTP_2 && !parts.headers.contains_key(EXPECT);
    let served = lanes.serve(&guest, peer, route, parts, &mut body).await;
    if let Some(unread) = body.filter(|_| may_be_sending) {
        linger(unread).await;
    }
    Ok(match served {
        Ok((response, held)) => response.map(|body| match body.is_empty() {
            true => Full::default(),
            false => Full::new(guest.sending(body, held)),
        }),
        Err(error) => error.into_host_response(route).map(Full::new),
    })
}

impl Lanes {
    /// Reads the body first, so that a slow client holds a connection and not an instance. What is left of the body stays.
    async fn serve(
        &self,
        guest: &Peer,
        peer: SocketAddr,
        route: Option<&Route>,
        parts: Parts,
        unread: &mut Option<Incoming>,
    ) -> Result<(Response<Bytes>, Held), ApiError> {
        let lane = match route {
            Some(route) if route.heavy => &*self.heavy,
            _ => &self.light,
        };
        let budget = guest.budget();
        let Some(body) = unread else {
            let request = prepare(peer, parts, Bytes::new())?;
            return lane.serve(request, budget.clone()).await;
        };
        let Some(route) = route.filter(|route| route.reads_body()) else {
            // Nobody reads it, and whoever sends it is told what the head deserves.
            return lane.serve(without_body(peer, parts)?, budget.clone()).await;
        };
        let limit = route.max_body;
        let announced = body.size_hint().exact();
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(ApiError::payload_too_large(limit));
        }
        let mut reading = Reading::new(budget, &parts)?;
        let is_long = announced.is_some_and(|length| length > MAX_BODY as u64);
        let mut place = None;
        if is_long || !reading.read(body, MAX_BODY, self.timeout).await? {
            if limit <= MAX_BODY {
                return Err(ApiError::payload_too_large(limit));
            }
            // Long bodies are for those who may send them, which the head shows, and have few places.
            let head = head_only(peer, &parts)?;
            let (response, held) = self.light.serve(head, budget.clone()).await?;
            if response.status() != StatusCode::NO_CONTENT {
                return Ok((response, held));
            }
            let waiting = self.long_bodies.acquire();
            let waiting = tokio::time::timeout(self.timeout, waiting).await;
            place = waiting.ok().and_then(Result::ok);
            if place.is_none() {
                return Err(ApiError::unavailable(1));
            }
            if !reading.read(body, limit, self.timeout).await? {
                return Err(ApiError::payload_too_large(limit));
            }
        }
        *unread = None;
        let request = prepare(peer, parts, reading.finish())?;
        let served = lane.serve(request, budget.clone()).await;
        drop(place);
        served
    }
}
