//! `gatewright migrate`.

use std::io::Write;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command};
use gatewright::{Local, ensure_secrets, planned_migrations};

use super::log::{Speaker, init_log};
use super::settings::{layered, local_arguments};

pub(super) fn command() -> Command {
    let plan = Arg::new("plan")
        .long("plan")
        .action(ArgAction::SetTrue)
        .help("Print the migrations that are missing, and change nothing");
    Command::new("migrate")
        .about("Migrate the database to the newest schema")
        .arg(plan)
        .args(local_arguments())
}

pub(super) fn migrate(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    init_log(&settings, Speaker::Command { json: false })?;
    if arguments.get_flag("plan") {
        for line in planned_migrations(&host)? {
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    ensure_secrets(&mut settings, &host)?;
    Local::open(&settings, &host)?;
    writeln!(out, "{} has the newest schema", host.database_url)?;
    Ok(())
}
