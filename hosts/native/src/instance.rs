//! Instances of the service: what each has, how long it lives, and what ends it.
//!
//! An instance serves one request at a time, unless a setting says more, and is used again for the next. So a trap, an
//! endless loop or too much memory ends one request and its instance, and nobody else's.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::component::{Component, GuestTaskId, Linker, ResourceTable};
use wasmtime::{Engine, Store, StoreContextMut, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::clocks::HostWallClock;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings::{self, Contract};
use crate::outbound::Outbound;
use crate::settings::HostConfig;
use crate::spin::{self, App};

/// How long an instance without work is kept. One that has hashed passwords holds as much memory as a hash takes.
const IDLE: Duration = Duration::from_secs(5);
/// The same where the component is a Spin application; it is what Spin does.
const IDLE_ON_SPIN: Duration = Duration::from_secs(1);
/// After how many epochs an instance yields. On Spin none does, and it holds its thread until it waits for something:
/// only one that takes far too long is stopped here.
const YIELDS: u64 = 1;
const YIELDS_ON_SPIN: u64 = 30_000;
/// How long after a request's own time-out an instance that does not even yield is ended.
const LAST_RESORT: Duration = Duration::from_millis(100);

/// What all instances share.
pub(crate) struct Shared {
    pub(crate) imports: Imports,
    /// Seconds by which the service's clock is ahead; for tests.
    pub(crate) clock_offset: i64,
    /// Whether the host has done its work: what is dropped from then on has not failed.
    pub(crate) done: AtomicBool,
}

/// What a component is given besides WASI.
pub(crate) enum Imports {
    /// The contract: the component is the service.
    Contract(Box<Contract>),
    /// Spin's interfaces: the component is the service composed with a provider.
    Spin(App),
}

/// What one instance has.
pub struct InstanceData {
    shared: Arc<Shared>,
    table: ResourceTable,
    http: WasiHttpCtx,
    outbound: Outbound,
    wasi: WasiCtx,
    limits: StoreLimits,
}

impl InstanceData {
    fn new(shared: Arc<Shared>, memory: usize) -> Self {
        let mut wasi = WasiCtxBuilder::new();
        wasi.wall_clock(MovedClock(shared.clock_offset));
        if let Imports::Spin(app) = &shared.imports {
            wasi.inherit_stderr();
            for (name, value) in app.environment() {
                wasi.env(name, value);
            }
        }
        Self {
            outbound: Outbound::new(shared.clone()),
            shared,
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            wasi: wasi.build(),
            limits: StoreLimitsBuilder::new().memory_size(memory).build(),
        }
    }

    /// What the contract is met with.
    pub(crate) fn contract(&self) -> &Contract {
        match &self.shared.imports {
            Imports::Contract(contract) => contract,
            Imports::Spin(_) => unreachable!("its functions are not linked"),
        }
    }

    /// What Spin's interfaces are met with.
    pub(crate) fn spin(&mut self) -> (&App, &mut ResourceTable) {
        match &self.shared.imports {
            Imports::Spin(app) => (app, &mut self.table),
            Imports::Contract(_) => unreachable!("its functions are not linked"),
        }
    }
}

impl WasiHttpView for InstanceData {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl WasiView for InstanceData {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// The machine's clock, moved.
struct MovedClock(i64);

impl HostWallClock for MovedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let moved = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 {
            now.saturating_sub(moved)
        } else {
            now.saturating_add(moved)
        }
    }
}

/// Everything that a component may import.
pub(crate) fn linker(engine: &Engine, imports: &Imports) -> wasmtime::Result<Linker<InstanceData>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    match imports {
        Imports::Contract(_) => {
            wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
            wasmtime_wasi::p3::random::add_to_linker(&mut linker)?;
            bindings::add_to_linker(&mut linker)?;
        }
        Imports::Spin(_) => spin::add_to_linker(&mut linker)?,
    }
    Ok(linker)
}

/// An instance's store, which yields now and then.
pub(crate) fn store(engine: &Engine, shared: Arc<Shared>, memory: usize) -> Store<InstanceData> {
    let yields = match shared.imports {
        Imports::Contract(_) => YIELDS,
        Imports::Spin(_) => YIELDS_ON_SPIN,
    };
    let mut store = Store::new(engine, InstanceData::new(shared, memory));
    store.limiter(|data| &mut data.limits);
    store.set_epoch_deadline(yields);
    store.epoch_deadline_async_yield_and_update(yields);
    store
}

/// Makes instances.
#[derive(Clone)]
pub(crate) struct Instances {
    engine: Engine,
    service: ServicePre<InstanceData>,
    shared: Arc<Shared>,
    memory: usize,
    concurrency: usize,
    requests: usize,
    timeout: Duration,
}

impl Instances {
    /// Instances of a component with `memory` bytes each, within the limits of the settings.
    pub(crate) fn new(
        engine: &Engine,
        component: &Component,
        shared: Arc<Shared>,
        memory: usize,
        config: &HostConfig,
    ) -> wasmtime::Result<Self> {
        let linker = linker(engine, &shared.imports)?;
        let service = ServicePre::new(linker.instantiate_pre(component)?)?;
        Ok(Self {
            engine: engine.clone(),
            service,
            shared,
            memory,
            concurrency: config.instance_concurrency,
            requests: config.instance_requests,
            timeout: config.request_timeout,
        })
    }

    /// Says that nobody waits for an instance any more.
    pub(crate) fn done(&self) {
        self.shared.done.store(true, Ordering::Relaxed);
    }
}

impl HandlerState for Instances {
    type StoreData = InstanceData;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<InstanceData, Expiration, Worker>> {
        let idle = match self.shared.imports {
            Imports::Contract(_) => IDLE,
            Imports::Spin(_) => IDLE_ON_SPIN,
        };
        let mut store = store(&self.engine, self.shared.clone(), self.memory);
        let service: Service = self.service.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: |data| data.http(),
            expiration: Expiration {
                idle,
                timeout: self.timeout,
                sleep: Box::pin(tokio::time::sleep(idle)),
            },
            state: Worker {
                concurrency: self.concurrency,
                requests: self.requests,
                timeout: self.timeout,
            },
        })
    }
}

/// When an instance ends: idle for long, or a request that takes too long without yielding.
pub(crate) struct Expiration {
    idle: Duration,
    timeout: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let limit = if status == WorkerStatus::Idle {
            self.idle
        } else {
            self.timeout + LAST_RESORT
        };
        let deadline = tokio::time::Instant::from(start + limit);
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// How an instance takes requests: so many at once, up to a number.
pub(crate) struct Worker {
    concurrency: usize,
    requests: usize,
    timeout: Duration,
}

impl WorkerState for Worker {
    type StoreData = InstanceData;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.requests {
            ShouldAccept::Never
        } else if concurrent < self.concurrency {
            ShouldAccept::Yes
        } else {
            ShouldAccept::No
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, InstanceData>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(tokio::time::sleep(self.timeout))
    }

    fn drop(&self, store: Store<InstanceData>, result: Result<(), wasmtime::Error>) {
        let done = store.data().shared.done.load(Ordering::Relaxed);
        if let (Err(error), false) = (result, done) {
            tracing::error!(cause = ?error, "an instance failed");
        }
    }
}
