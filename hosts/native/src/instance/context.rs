//! The shared state of all instances.

use std::sync::atomic::AtomicBool;

use super::epochs::Epochs;
use crate::contract::Contract;
use crate::spin::app::App;

/// The shared state of all instances.
pub(crate) struct InstanceContext {
    pub(crate) interfaces: Interfaces,
    pub(crate) epochs: Epochs,
    /// Seconds by which the clock of the service is ahead, for tests.
    pub(crate) clock_offset: i64,
    /// Whether the host has finished its work. Instances that are dropped later have not failed.
    pub(crate) done: AtomicBool,
}

/// The interfaces of a component besides WASI.
pub(crate) enum Interfaces {
    /// The contract: the component is the service.
    Contract(Box<Contract>),
    /// Spin's interfaces: the component is the service composed with a provider.
    Spin(App),
}
