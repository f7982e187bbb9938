//! The part of an instance that the interfaces of Spin use.

use wasmtime::component::{HasData, ResourceTable};

use super::app::App;

/// Marks the interfaces of Spin in a linker.
pub(super) struct Spin;

/// The part of an instance that the interfaces use.
pub(super) struct SpinView<'a> {
    pub(super) app: &'a App,
    pub(super) table: &'a mut ResourceTable,
}

impl HasData for Spin {
    type Data<'a> = SpinView<'a>;
}
