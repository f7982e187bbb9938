//! What `serve` and `spin up` share.

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
        .help("For tests: show the service a clock that is ahead by this much")
}

/// The seconds by which the clock of the service is ahead.
pub(super) fn clock_offset(arguments: &ArgMatches) -> i64 {
    arguments
        .get_one::<i64>("clock-offset")
        .copied()
        .unwrap_or_default()
}

/// Tells the log that a server starts, and of which version.
pub(super) fn log_start() {
    tracing::info!(version = auth_core::VERSION, "gatewright starts");
}

/// The path of this program, which works even if its file was replaced since it started.
pub(super) fn this_program() -> Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return Ok(running);
    }
    Ok(std::env::current_exe()?)
}

/// Prints what was created and where the server listens, and serves until told to stop.
///
/// Nobody has to read what is printed: a service does not end because of that.
pub(super) fn run(server: Server, made: &[String], out: &mut dyn Write) -> Result<()> {
    let address = server.address();
    let base = server.base_path();
    for line in made.iter().chain(server.made()) {
        let _ = writeln!(out, "made        {line}");
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
