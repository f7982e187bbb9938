//! `gatewright`: the command line of the native host.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it talks to a person")]

mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = commands::program().get_matches();
    match commands::run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatewright: {error:#}");
            ExitCode::FAILURE
        }
    }
}
