//! Running Gatewright's Spin application without Spin: its manifest, `spin:sqlite`, `spin:postgres`,
//! `spin:variables` and outbound HTTP.
//!
//! This is not Spin. It serves one HTTP component, and refuses a manifest that needs more.

mod allowed_hosts;
pub(crate) mod app;
mod bindings;
mod compiled;
mod connection;
pub(crate) mod linker;
mod manifest;
mod postgres;
mod sqlite;
mod variables;
mod view;

pub use crate::instance::data::InstanceData;
pub use app::App;
pub use compiled::Compiled;
pub use connection::Connection;
pub use postgres::pool::{PostgresBuilder, PostgresConnection};
pub use variables::{Given, file_of_secrets};
