//! What the interfaces of Spin see of an instance.

use wasmtime::component::{HasData, ResourceTable};

use super::app::App;

/// Marks the interfaces of Spin in a linker.
pub(super) struct Spin;

/// What the interfaces see of an instance.
pub(super) struct SpinView<'a> {
    pub(super) app: &'a App,
    pub(super) table: &'a mut ResourceTable,
}

impl HasData for Spin {
    type Data<'a> = SpinView<'a>;
}
