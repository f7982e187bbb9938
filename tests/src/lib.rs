//! What the tests of several crates share: the reference storage, the contract kit, a simulated platform, and
//! hosts as real processes.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

pub mod contract;
pub mod host;
mod memory;
mod simulation;

pub use memory::MemoryStorage;
pub use simulation::{SimulatedPlatform, config};
