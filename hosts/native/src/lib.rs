//! The native host: runs `service.wasm` in wasmtime and gives it a database, settings, mail and a log.
//!
//! It makes no decisions about accounts. Its decisions are about the machine: which instance serves a request, how much
//! memory and time the request can use, and what happens when it fails.

// `deny` in the workspace. Loading a precompiled component is unsafe, for the reasons given there.
#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod bindings;
mod budget;
mod component;
mod connection_table;
mod contract;
mod database;
mod database_url;
mod destinations;
mod exposed;
mod instance;
mod local;
mod log;
mod mail;
mod memory;
mod network_limits;
mod outbound;
mod priority;
mod request;
mod secrets;
mod server;
mod settings;
mod settings_check;
mod settings_table;
pub mod spin;
mod sqlite;
mod turns;
mod worker_pool;

pub use component::{COMPILE, COMPILE_MEMORY, compile, engine};
pub use database::planned_migrations;
pub use database_url::DatabaseUrl;
pub use exposed::exposed_files;
pub use local::Local;
pub use secrets::{ensure_secrets, make_secrets, read_secrets, secrets_file};
pub use server::Server;
pub use settings::{DOT_ENV, HostConfig, LayeredSettings, flag_name};
pub use settings_check::{problems, without_effect};
pub use settings_table::{
    all_settings, assignment, is_pattern, native_setting, native_settings, near, summary,
};
pub use sqlite::Sqlite;

/// Requests allocate many small objects on a few threads, for which this allocator is made. It is in the library, so
/// that benchmarks use it, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
