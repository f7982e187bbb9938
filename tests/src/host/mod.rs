//! Hosts as real processes, and a client for them.

mod accounts;
mod answer;
mod compiled;
mod kind;
mod person;
mod process;
mod programs;
mod requests;
mod running;

pub use answer::Answer;
pub use compiled::Compiled;
pub use person::{JWT_SECRET, PASSWORD, Person, SETUP, Tokens};
pub use programs::{cloudflare, component, manifest, native, spin, worker_kit};
pub use running::Host;
