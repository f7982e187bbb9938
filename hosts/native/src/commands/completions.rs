//! `gatewright completions`.

use std::io::Write;

use anyhow::Result;
use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

pub(super) fn command() -> Command {
    Command::new("completions")
        .about("Print the completion script of a shell")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell)),
        )
}

/// Prints the completion script for all commands of the program.
pub(super) fn print_completions(
    mut program: Command,
    arguments: &ArgMatches,
    out: &mut dyn Write,
) -> Result<()> {
    if let Some(shell) = arguments.get_one::<Shell>("shell") {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut program, "gatewright", &mut script);
        out.write_all(&script)?;
    }
    Ok(())
}
