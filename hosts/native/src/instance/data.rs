//! The state of one instance.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime::{StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::clocks::HostWallClock;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::context::{InstanceContext, Interfaces};
use super::epochs::Work;
use crate::contract::Contract;
use crate::outbound::Outbound;
use crate::spin::app::App;

/// The state of one instance.
pub struct InstanceData {
    pub(super) context: Arc<InstanceContext>,
    table: ResourceTable,
    http: WasiHttpCtx,
    outbound: Outbound,
    pub(super) work: Work,
    wasi: WasiCtx,
    pub(super) limits: StoreLimits,
}

impl InstanceData {
    pub(super) fn new(context: Arc<InstanceContext>, memory: usize) -> Self {
        let mut wasi = WasiCtxBuilder::new();
        wasi.wall_clock(MovedClock(context.clock_offset));
        if let Interfaces::Spin(app) = &context.interfaces {
            wasi.inherit_stderr();
            for (name, value) in app.environment() {
                wasi.env(name, value);
            }
        }
        Self {
            outbound: Outbound::new(context.clone()),
            work: context.epochs.work(),
            context,
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            wasi: wasi.build(),
            limits: StoreLimitsBuilder::new().memory_size(memory).build(),
        }
    }

    /// The contract of the service.
    pub(crate) fn contract(&self) -> &Contract {
        match &self.context.interfaces {
            Interfaces::Contract(contract) => contract,
            Interfaces::Spin(_) => unreachable!("its functions are not linked"),
        }
    }

    /// The Spin application.
    pub(crate) fn spin(&mut self) -> (&App, &mut ResourceTable) {
        match &self.context.interfaces {
            Interfaces::Spin(app) => (app, &mut self.table),
            Interfaces::Contract(_) => unreachable!("its functions are not linked"),
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

/// The clock of the machine, shifted by some seconds.
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
