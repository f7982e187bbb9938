//! The commands of the program, with a file for each.

mod administer;
mod backup;
mod compile;
mod completions;
mod config;
mod copy;
mod healthcheck;
mod help;
mod log;
mod mail;
mod migrate;
mod running;
mod serve;
mod settings;
mod spin;

use std::io::Write;

use anyhow::Result;
use clap::{ArgMatches, Command};
use gatewright::COMPILE;

pub(crate) use help::START;

/// Returns the program with all of its commands.
pub(crate) fn program() -> Command {
    let program = Command::new("gatewright")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Self-hosted authentication and authorization for the edge.")
        .subcommand(serve::command())
        .subcommand(spin::command())
        .subcommand(mail::command())
        .subcommand(config::command())
        .subcommand(healthcheck::command())
        .subcommand(migrate::command())
        .subcommands(backup::commands())
        .subcommand(copy::command())
        .subcommand(compile::command())
        .subcommand(completions::command())
        .subcommands(administer::commands());
    help::with_help(program)
}

/// Runs the command that the arguments name. Its output goes to `out`.
pub(crate) fn run(matches: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    match matches.subcommand() {
        Some(("serve", arguments)) => serve::serve(arguments, out),
        Some(("spin", arguments)) => match arguments.subcommand() {
            Some((_, arguments)) => spin::up(arguments, out),
            None => Ok(()),
        },
        Some((COMPILE, arguments)) => compile::compile(arguments),
        Some(("backup", arguments)) => backup::backup(arguments, out),
        Some(("restore", arguments)) => backup::restore(arguments, out),
        Some(("copy", arguments)) => copy::copy(arguments, out),
        Some(("healthcheck", arguments)) => healthcheck::healthcheck(arguments, out),
        Some(("migrate", arguments)) => migrate::migrate(arguments, out),
        Some(("completions", arguments)) => {
            completions::print_completions(program(), arguments, out)
        }
        Some(("mail", arguments)) => match arguments.subcommand() {
            Some((_, arguments)) => mail::preview(arguments, out),
            None => Ok(()),
        },
        Some(("config", arguments)) => match arguments.subcommand() {
            Some(("check", arguments)) => config::check(arguments, out),
            Some(("print", arguments)) => config::print_values(arguments, out),
            _ => config::explain_or_list(arguments, out),
        },
        Some((name, arguments)) => administer::administer(name, arguments, out),
        None => Ok(()),
    }
}
