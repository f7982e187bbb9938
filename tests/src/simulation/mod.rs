//! The core on a platform with controlled time and randomness.

mod config;
mod people;
mod platform;

pub use config::config;
pub use people::{after_answer, login, pair, register, registration};
pub use platform::SimulatedPlatform;
