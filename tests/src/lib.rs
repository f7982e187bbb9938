//! Shared parts of the tests: the contract kit, a simulated platform, providers as components, and hosts as real
//! processes.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "tests read JSON that they know")]
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod breach;
pub mod contract;
pub mod daemon;
pub mod host;
pub mod identity;
mod mail;
pub mod pooler;
pub mod postgres;
mod provider;
mod received;
mod refusing;
pub mod repository;
pub mod simulation;
pub mod totp;
mod unreliable;
mod worker;

pub use breach::BreachService;
pub use gatewright_storage_memory::MemoryStorage;
pub use mail::{MailService, Posted, link_of};
pub use provider::ProviderStorage;
pub use received::Received;
pub use refusing::Refusing;
pub use simulation::{SimulatedPlatform, config};
pub use unreliable::Unreliable;
pub use worker::WorkerStorage;
