//! Shared code of `serve` and `spin up`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Arg, ArgMatches, value_parser};
use gatewright::Server;

/// `--clock-offset`, for tests.
pub(super) fn clock_offset_argument() -> Arg {
    Arg::new("clock-offset")
        .long("clock-offset")
        .value_name("SECONDS")
        .value_parser(value_parser!(i64))
        .allow_negative_numbers(true)
        .default_value("0")
        .hide(true)
        .help("For tests: seconds by which the clock of the service is ahead")
}

/// Returns the seconds by which the clock of the service is ahead.
pub(super) fn clock_offset(arguments: &ArgMatches) -> i64 {
    arguments
        .get_one::<i64>("clock-offset")
        .copied()
        .unwrap_or_default()
}

/// Logs the start of the server with its version.
pub(super) fn log_start() {
    tracing::info!(version = auth_core::VERSION, "gatewright starts");
}

/// Returns a path of this program that works even if its file was replaced since the start.
pub(super) fn this_program() -> Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return Ok(running);
    }
    Ok(std::env::current_exe()?)
}

/// Prints the created files and the address of the server, and serves until a signal to stop.
///
/// Standard output can be closed without ending the service.
pub(super) fn run(server: Server, made: &[String], out: &mut dyn Write) -> Result<()> {
    let address = server.address();
    let base = server.base_path();
    for line in made.iter().chain(server.made()) {
        let _ = writeln!(out, "created     {line}");
    }
    let _ = writeln!(
        out,
        "listening   http://{address}\nsign up     http://{address}{base}/register, or:\n            \
         curl -s http://{address}{base}/auth/register -H 'content-type: application/json' \\\n              \
         -d '{{\"email\": \"ada@example.com\", \"password\": \"correct horse battery staple\"}}'"
    );
    server.run_until_signal()?;
    let _ = writeln!(out, "stopped");
    Ok(())
}
