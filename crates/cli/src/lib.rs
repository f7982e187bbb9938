//! The commands that administer a service.
//!
//! They use only its HTTP API, through an [`ApiClient`]: [`Remote`] reaches a service at a URL, and a host provides its own
//! client for the service on its machine. So the same commands administer every host.
//!
//! A program adds [`commands()`] to its own, and [`connection_arguments`] where it offers other hosts:
//!
//! ```no_run
//! use gatewright_cli::{
//!     NoApiClient, commands, connection_arguments, needs_api_client, remote, run,
//! };
//!
//! # fn main() -> anyhow::Result<()> {
//! let commands = commands().into_iter();
//! let program = clap::Command::new("gatewright")
//!     .subcommands(commands.map(|command| command.args(connection_arguments())));
//! let matches = program.get_matches();
//! if let Some((name, matches)) = matches.subcommand() {
//!     let out = &mut std::io::stdout();
//!     match remote(matches)? {
//!         Some(client) if needs_api_client(name, matches) => run(name, matches, &client, out)?,
//!         _ => run(name, matches, &NoApiClient, out)?,
//!     }
//! }
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![warn(clippy::print_stderr, reason = "it panics if standard error is closed")]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read JSON that they know")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod access;
mod admin;
mod api;
mod arguments;
mod audit;
mod call;
mod client;
mod commands;
mod console;
mod export;
#[cfg(test)]
mod fake;
mod import;
mod keys;
mod output;
mod permissions;
mod records;
mod remote;
mod roles;
mod secret;
mod sessions;
mod show;
mod users;

pub use crate::api::error_document;
pub use crate::client::{ApiClient, NoApiClient};
pub use crate::commands::{commands, needs_api_client, run, wants_json};
pub use crate::output::{piped, say};
pub use crate::remote::{Remote, connection_arguments, remote};
