//! The hidden command that compiles the component, which the first start runs.

use anyhow::Result;
use clap::{Arg, ArgMatches, Command, value_parser};
use gatewright::{COMPILE, COMPILE_MEMORY};

pub(super) fn command() -> Command {
    Command::new(COMPILE)
        .hide(true)
        .about("Compile the component on standard input to standard output, for the first start")
        .arg(
            Arg::new(COMPILE_MEMORY)
                .long(COMPILE_MEMORY)
                .value_name("BYTES")
                .required(true)
                .value_parser(value_parser!(usize)),
        )
}

pub(super) fn compile(arguments: &ArgMatches) -> Result<()> {
    let memory = arguments.get_one(COMPILE_MEMORY).copied();
    gatewright::compile(memory.unwrap_or_default())
}
