//! The imports of a component, and the store of an instance.

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime::{Engine, Store};

use super::context::{InstanceContext, Interfaces};
use super::data::InstanceData;
use crate::bindings;

/// Number of epochs after which an instance yields. On Spin instances do not yield, and keep their thread until they
/// wait: only one that takes far too long is stopped here.
const YIELDS: u64 = 1;
const YIELDS_ON_SPIN: u64 = 30_000;

/// Returns a linker with everything that a component can import.
pub(crate) fn linker(
    engine: &Engine,
    interfaces: &Interfaces,
) -> wasmtime::Result<Linker<InstanceData>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    match interfaces {
        Interfaces::Contract(_) => {
            wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
            wasmtime_wasi::p3::random::add_to_linker(&mut linker)?;
            bindings::add_to_linker(&mut linker)?;
        }
        Interfaces::Spin(_) => crate::spin::linker::add_to_linker(&mut linker)?,
    }
    Ok(linker)
}

/// Creates the store of an instance, which yields periodically.
pub(crate) fn store(
    engine: &Engine,
    context: Arc<InstanceContext>,
    memory: usize,
) -> Store<InstanceData> {
    let yields = match context.interfaces {
        Interfaces::Contract(_) => YIELDS,
        Interfaces::Spin(_) => YIELDS_ON_SPIN,
    };
    let mut store = Store::new(engine, InstanceData::new(context, memory));
    store.limiter(|data| &mut data.limits);
    store.set_epoch_deadline(yields);
    store.epoch_deadline_async_yield_and_update(yields);
    store
}
