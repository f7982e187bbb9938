//! The HTTP server.
//!
//! Light requests run on one single-threaded runtime and listener per processor. Requests that hash a password run on a
//! second runtime whose threads have a lower priority, so that they use the time that light requests leave. Requests that
//! can wait for a sign-in provider have turns of their own for each provider, however many threads there are. All accept a
//! limited number of requests and answer the others with 503.

mod connections;
mod context;
mod dispatch;
mod listeners;
mod shutdown;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_core::IpBlock;
use auth_core::config::WebConfig;
use gatewright_http::Front;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};

use crate::component::{self, Source};
use crate::contract::Contract;
use crate::database::Database;
use crate::destinations::Destinations;
use crate::instance::context::{InstanceContext, Interfaces};
use crate::instance::epochs::Epochs;
use crate::instance::factory::Instances;
use crate::network_limits::NetworkLimits;
use crate::priority::lower_priority;
use crate::settings::{HostConfig, LayeredSettings};
use crate::spin::app::App;
use crate::sqlite::Workload;
use crate::turns::Turns;
use crate::worker_pool::WorkerPool;
use connections::{runtime, serve};
use context::{ENDING, ServerContext};
use listeners::{allow_open_files, open_listeners};
use shutdown::wait_for_signal;

/// Maximum number of long bodies, which only few routes accept, at the same time.
const LONG_BODIES: usize = 8;
/// The number of instances for requests that call sign-in providers. They are few of all, because these requests mostly
/// wait.
const PROVIDER_INSTANCES: usize = component::INSTANCES as usize / 4;
/// The share of one network in the memory for bodies, and its minimum, which is one long body.
const SHARE: usize = 4;
const LEAST_SHARE: usize = 2 << 20;

/// A host with its listeners.
pub struct Server {
    context: Arc<ServerContext>,
    listeners: Vec<std::net::TcpListener>,
    address: SocketAddr,
    /// The database of the contract; a Spin application opens its own.
    database: Option<(Database, LayeredSettings)>,
    hash_runtime: Runtime,
    made: Vec<String>,
    shutdown_timeout: Duration,
}

impl Server {
    /// Opens the database, loads the service, binds the address. After this the server can serve. `compiler` is the
    /// program whose command [`COMPILE`](crate::COMPILE) compiles.
    ///
    /// # Errors
    /// A file or setting is missing or can't be used.
    pub fn start(
        settings: LayeredSettings,
        config: &HostConfig,
        component: &Path,
        compiler: &Path,
        clock_offset: i64,
    ) -> Result<Self> {
        let bytes = std::fs::read(component)
            .with_context(|| format!("can't read the component {}", component.display()))?;
        let file = config.database_url.file();
        let created = file.filter(|file| !file.exists());
        let database = Database::open(config, Workload::Requests)?;
        database.check_secret_key(&settings.config()?.secret_key)?;
        let mail = settings.mail_config()?;
        let interfaces = Interfaces::Contract(Box::new(Contract {
            storage: database.storage().clone(),
            mailer: settings.mailer(&mail)?,
            mail,
            destinations: Destinations::new(&settings.config()?),
            settings: settings.clone(),
        }));
        // Nothing is written beside a database that is no file.
        let cache = file.unwrap_or(component).with_file_name("cache");
        let compiled = (&bytes[..], compiler, &*cache);
        let trusted = settings.proxy_config()?.trusted;
        let web = settings.web_config()?;
        let outside = (trusted, Some(web));
        let turns = Turns::of_providers(
            settings.config()?.provider_names(),
            PROVIDER_INSTANCES.min(config.max_requests),
            config.max_requests,
            config.request_timeout,
        );
        let mut server = Self::listen(interfaces, compiled, config, outside, turns, clock_offset)
            .with_context(|| component.display().to_string())?;
        if let Some(file) = created {
            let line = format!("database {}", file.display());
            server.made.insert(0, line);
        }
        server.database = Some((database, settings));
        Ok(server)
    }

    /// Loads a Spin application and binds the address. After this the server can serve. `compiler` is as for
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// A file or setting is missing or can't be used.
    pub fn start_spin(
        app: App,
        config: &HostConfig,
        compiler: &Path,
        clock_offset: i64,
    ) -> Result<Self> {
        let bytes = app.component().to_owned();
        let cache = app.state().join("cache");
        let compiled = (&bytes[..], compiler, &*cache);
        let outside = (app.trusted_proxies(), app.web_config());
        Self::listen(
            Interfaces::Spin(app),
            compiled,
            config,
            outside,
            BTreeMap::new(),
            clock_offset,
        )
    }

    fn listen(
        interfaces: Interfaces,
        (bytes, compiler, cache): (&[u8], &Path, &Path),
        config: &HostConfig,
        (trusted, web): (Vec<IpBlock>, Option<WebConfig>),
        provider_turns: BTreeMap<String, Arc<Turns>>,
        clock_offset: i64,
    ) -> Result<Self> {
        let mut made = Vec::new();
        let spin = matches!(interfaces, Interfaces::Spin(_));
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
        let epochs = Epochs::default();
        let context = Arc::new(InstanceContext {
            interfaces,
            epochs: epochs.clone(),
            clock_offset,
            done: false.into(),
        });
        let instances = Instances::new(&engine, &loaded, context, memory, config)?;
        epochs.start(move || engine.increment_epoch())?;

        // Half of the instances. The others are for requests that hash passwords or call sign-in providers, and for
        // instances that are ending.
        let light_instances = match spin {
            true => Semaphore::MAX_PERMITS,
            false => (component::INSTANCES as usize / 2 / threads).min(config.max_requests),
        };
        let hash_runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("hashes")
            .enable_all()
            .on_thread_start(lower_priority)
            .build()?;
        let context = Arc::new(ServerContext {
            spin,
            front: Front::new(web.as_ref(), RandomState::new().build_hasher().finish()),
            threads,
            hash_pool: Arc::new(WorkerPool::new(
                instances.clone(),
                hash_runtime.handle().clone(),
                Turns::new(
                    threads,
                    threads + config.max_waiting_hashes,
                    config.request_timeout,
                ),
            )),
            instances,
            timeout: config.request_timeout,
            max_requests: if spin {
                Semaphore::MAX_PERMITS
            } else {
                config.max_requests
            },
            light_instances,
            provider_turns,
            max_connections: (config.max_connections / threads).max(1),
            peers: NetworkLimits::new(
                trusted,
                config.max_connections_per_network,
                config.body_memory,
                (config.body_memory / SHARE).max(LEAST_SHARE),
            ),
            long_bodies: Arc::new(Semaphore::new(LONG_BODIES)),
        });
        allow_open_files();
        let (listeners, address) = open_listeners(config.listen, if spin { 1 } else { threads })?;
        Ok(Self {
            context,
            listeners,
            address,
            database: None,
            hash_runtime,
            made,
            shutdown_timeout: config.shutdown_timeout,
        })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the path before every route; empty means none.
    pub fn base_path(&self) -> &str {
        self.context.front.base_path()
    }

    /// Returns a line for each file that the start created.
    pub fn made(&self) -> &[String] {
        &self.made
    }

    /// Serves until a signal to stop, then lets requests in flight finish and closes the database.
    ///
    /// # Errors
    /// Signals can't be received, or a thread can't be started.
    pub fn run_until_signal(self) -> Result<()> {
        let (stop, stopping) = watch::channel(false);
        let runtimes = self.listeners.iter().map(|_| runtime(&self.context));
        let runtimes = runtimes.collect::<std::io::Result<Vec<_>>>()?;
        if let ([only], Some((database, _))) = (&runtimes[..], &self.database) {
            // Requests and connections would otherwise wake each other's thread for each statement.
            database.run_on(only.handle());
        }
        let mut threads = Vec::new();
        for (index, (listener, runtime)) in self.listeners.into_iter().zip(runtimes).enumerate() {
            let (context, stopping, limit) = (
                self.context.clone(),
                stopping.clone(),
                self.shutdown_timeout,
            );
            let thread = std::thread::Builder::new().name(format!("serve-{index}"));
            threads.push(thread.spawn(move || serve(context, runtime, listener, stopping, limit))?);
        }
        let waiting = Builder::new_current_thread().enable_all().build()?;
        let signal = waiting.block_on(wait_for_signal(self.database.as_ref()))?;
        tracing::info!(signal, "stopping");
        stop.send_replace(true);
        for thread in threads {
            match thread.join() {
                Ok(ended) => ended?,
                Err(_) => tracing::error!("a serving thread panicked"),
            }
        }
        self.hash_runtime.shutdown_timeout(ENDING);
        if let Some((database, _)) = self.database {
            database.close();
        }
        Ok(())
    }
}
