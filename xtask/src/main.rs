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

use clap::{Parser, Subcommand, ValueEnum};

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
    /// Builds what a host serves, the core alone or the npm package, into target/.
    Build {
        /// What.
        #[arg(default_value = "native")]
        what: Product,
    },
    /// Builds what is missing and starts the service, on SQLite under data/ or as the host says.
    Serve {
        /// On which host.
        #[arg(long, default_value = "native")]
        host: Host,
        /// Arguments for the host, such as --listen 127.0.0.1:9000.
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
    /// Writes anew what is made of tables: hosts/http/openapi.json, the variables of Spin's manifests, migrations for D1.
    Generate,
    /// Measures every host on this machine, beside peers.
    Bench {
        /// Only this.
        what: Option<Suite>,
        /// Seconds of load for each figure.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
}

/// What is measured apart from the others, as it takes minutes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Imports, look-ups, searches and pages with a million users, beside ten thousand.
    Scale,
    /// The npm package beside jose and fast-jwt.
    Verify,
}

/// What is built for others.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Product {
    /// The service, for the native host.
    Native,
    /// The application for Spin.
    Spin,
    /// The Worker for Cloudflare.
    Cloudflare,
    /// The core alone, for component hosts in any language.
    Core,
    /// The npm package.
    Js,
}

/// Where the service runs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    /// The native host, on SQLite.
    Native,
    /// Spin, or the native host in its place.
    Spin,
    /// Cloudflare Workers, or their runtime on this machine.
    Cloudflare,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Build { what } => match what {
            Product::Native => component::build_service(),
            Product::Spin => component::build_spin(),
            Product::Cloudflare => component::build_cloudflare(),
            Product::Js => component::build_js(),
            Product::Core => component::build_core(),
        }
        .map(|path| println!("built {}", path.display())),
        Command::Serve { host, arguments } => serve::run(host, &arguments),
        Command::Test { filter } => test::run_all(filter.as_deref()),
        Command::Lint => lint::run_all(),
        Command::Generate => test::generate(),
        Command::Bench {
            what: Some(Suite::Scale),
            ..
        } => bench::scale(),
        Command::Bench {
            what: Some(Suite::Verify),
            ..
        } => bench::verify(),
        Command::Bench { seconds, .. } => bench::run(seconds),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
