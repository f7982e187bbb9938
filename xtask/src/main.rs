//! `cargo xtask …`: everything that a person does with this repository.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it talks to a person")]

mod bench;
mod component;
mod lint;
mod process;
mod serve;
mod test;
mod toolchain;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Builds, serves, tests and measures Gatewright."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the service component: target/components/service.wasm.
    Build,
    /// Builds what is missing and starts the service on SQLite under data/.
    Serve {
        /// Arguments for `gatewright serve`, such as --listen 127.0.0.1:9000.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs every test on every host.
    Test {
        /// Only tests whose name holds this.
        filter: Option<String>,
    },
    /// Checks formatting, lints and documentation; warnings are errors.
    Lint,
    /// Writes hosts/http/openapi.json anew from the table of routes.
    Openapi,
    /// Measures the native host.
    Bench {
        /// Seconds of load for each figure.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Build => component::build_all()
            .map(|()| println!("built {}", component::path("service").display())),
        Command::Serve { arguments } => serve::run(&arguments),
        Command::Test { filter } => test::run_all(filter.as_deref()),
        Command::Lint => lint::run_all(),
        Command::Openapi => test::update_openapi(),
        Command::Bench { seconds } => bench::run(seconds),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
