//! The imports of an application from Spin.

use wasmtime::component::{Accessor, Linker};

use super::bindings::{postgres, sqlite, variables};
use super::view::{Spin, SpinView};
use crate::instance::data::InstanceData;

/// Adds the interfaces of Spin to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<InstanceData>) -> wasmtime::Result<()> {
    fn view(data: &mut InstanceData) -> SpinView<'_> {
        let (app, table) = data.spin();
        SpinView { app, table }
    }
    // All of WASI, because providers in other languages import more than they use. There are no folders and no sockets.
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    postgres::add_to_linker::<_, Spin>(linker, view)?;
    sqlite::add_to_linker::<_, Spin>(linker, view)?;
    variables::add_to_linker::<_, Spin>(linker, view)
}

impl<T: Send + 'static> variables::HostWithStore<T> for Spin {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, variables::Error> {
        accessor.with(|mut store| store.get().app.variables.get(&name))
    }
}

impl variables::Host for SpinView<'_> {}
