//! `gatewright migrate`.

use std::io::Write;

use anyhow::Result;
use clap::{ArgMatches, Command};
use gatewright::{Local, ensure_secrets};

use super::log::{Speaker, init_log};
use super::settings::{layered, local_arguments};

pub(super) fn command() -> Command {
    Command::new("migrate")
        .about("Migrate the local database to the newest schema")
        .args(local_arguments())
}

pub(super) fn migrate(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    init_log(&settings, Speaker::Command { json: false })?;
    ensure_secrets(&mut settings, &host)?;
    Local::open(&settings, &host)?;
    writeln!(out, "{} has the newest schema", host.database_url)?;
    Ok(())
}
