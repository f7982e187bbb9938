//! Creating instances.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::handler::{HandlerState, Instance, Proxy};
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};

use super::context::{InstanceContext, Interfaces};
use super::data::InstanceData;
use super::lifetime::{Expiration, Limits};
use super::linker::{linker, store};
use crate::settings::HostConfig;

/// How long an idle instance is kept. Its end gives back the memory of a password hash, which WebAssembly itself can't.
const IDLE: Duration = Duration::from_secs(10);
/// The same for a Spin application, as in Spin.
const IDLE_ON_SPIN: Duration = Duration::from_secs(1);

/// Creates instances.
#[derive(Clone)]
pub(crate) struct Instances {
    engine: Engine,
    service: ServicePre<InstanceData>,
    context: Arc<InstanceContext>,
    memory: usize,
    max_concurrency: usize,
    max_requests: usize,
    timeout: Duration,
}

impl Instances {
    /// Creates a factory for instances of a component with `memory` bytes each, within the limits of the settings.
    pub(crate) fn new(
        engine: &Engine,
        component: &Component,
        context: Arc<InstanceContext>,
        memory: usize,
        config: &HostConfig,
    ) -> wasmtime::Result<Self> {
        let linker = linker(engine, &context.interfaces)?;
        let service = ServicePre::new(linker.instantiate_pre(component)?)?;
        Ok(Self {
            engine: engine.clone(),
            service,
            context,
            memory,
            max_concurrency: config.instance_concurrency,
            max_requests: config.instance_requests,
            timeout: config.request_timeout,
        })
    }

    /// Marks the work as finished. Nobody waits for an instance any longer.
    pub(crate) fn done(&self) {
        self.context.done.store(true, Ordering::Relaxed);
    }
}

impl HandlerState for Instances {
    type StoreData = InstanceData;
    type WorkerExpiration = Expiration;
    type WorkerState = Limits;

    async fn instantiate(&self) -> wasmtime::Result<Instance<InstanceData, Expiration, Limits>> {
        let idle = match self.context.interfaces {
            Interfaces::Contract(_) => IDLE,
            Interfaces::Spin(_) => IDLE_ON_SPIN,
        };
        let mut store = store(&self.engine, self.context.clone(), self.memory);
        let service: Service = self.service.instantiate_async(&mut store).await?;
        let work = store.data().work.clone();
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: |data| data.http(),
            expiration: Expiration::new(idle, self.timeout, work),
            state: Limits {
                max_concurrency: self.max_concurrency,
                max_requests: self.max_requests,
                timeout: self.timeout,
            },
        })
    }
}
