//! `cargo xtask …`: builds, serves, tests and benchmarks this repository.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    reason = "other tools print the JSON that it reads"
)]
#![allow(clippy::print_stdout, reason = "it is a command-line tool")]

mod bench;
mod component;
mod documents;
mod hashes;
mod host;
mod image;
mod install;
mod lint;
mod native;
mod packages;
mod process;
mod prove;
mod running;
mod selection;
mod serve;
mod stage;
mod targets;
mod test;
mod toolchain;

use crate::component::Module;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use host::Host;
use packages::Profile;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Builds, serves, tests and benchmarks Gatewright."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds a product into target/: the native host, a host's application, only the core, or the npm package
    Build {
        /// The product
        #[arg(default_value = "native")]
        what: Product,
    },
    /// Lays out the file system of the container image in target/image, with a static program; the Dockerfile uses it
    Image,
    /// Builds what is missing and starts the service, on SQLite under data/ or on the given host's storage
    Serve {
        /// The host
        #[arg(long, default_value = "native")]
        host: Host,
        /// Optimizes the native host, which takes some minutes longer
        #[arg(long)]
        release: bool,
        /// Arguments for the host, such as --listen 127.0.0.1:9000
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs every test on every host
    Test {
        /// Runs only tests whose name contains this
        filter: Option<String>,
        /// Runs only the scenarios and tests of this host, and builds only what they need
        #[arg(long)]
        host: Option<Host>,
    },
    /// Runs the checks that take long and need not run at each change, and writes their results to tests/PROVED.md
    Prove {
        /// Runs only this check
        part: Option<prove::Part>,
    },
    /// Checks formatting, files, dependencies, lints and documentation; warnings are errors
    Lint,
    /// Writes generated files: crates/storage, crates/http/openapi.json, the variables of Spin's manifests, D1
    /// migrations, docs/configuration.md
    Generate,
    /// Benchmarks every host on this machine, compared with peers
    Bench {
        /// Runs only this benchmark
        what: Option<Suite>,
        /// Seconds of load for each figure
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Users in the large database of the benchmark postgres
        #[arg(long, default_value_t = 1_000_000)]
        users: u64,
    },
}

/// A separate benchmark, because it takes minutes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Imports, look-ups, searches and pages with a million users, compared with ten thousand
    Scale,
    /// Two native hosts on PostgreSQL, compared with one on SQLite and with fastapi-users
    Postgres,
    /// The npm package, compared with jose and fast-jwt
    Verify,
    /// Password hashes of each kind, compared with those of other implementations
    Hash,
    /// Verifying hashes of other systems, compared with the estimate of an import
    Hashes,
}

/// A product to deploy or publish.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Product {
    /// The native host, target/release/gatewright
    Native,
    /// The application for Spin, with SQLite and with PostgreSQL
    Spin,
    /// The Worker for Cloudflare
    Cloudflare,
    /// Only the core, for component hosts in any language
    Core,
    /// The npm package
    Js,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Build { what } => match what {
            Product::Native => native::build_host(Profile::Release),
            Product::Spin => {
                component::build(Module::SpinPostgres).and_then(|_| component::build(Module::Spin))
            }
            Product::Cloudflare => component::build(Module::Worker),
            Product::Js => component::build(Module::Js),
            Product::Core => component::build(Module::Core),
        }
        .map(|path| println!("built {}", path.display())),
        Command::Image => image::build().map(|path| println!("built {}", path.display())),
        Command::Serve {
            host,
            release,
            arguments,
        } => {
            let profile = if release {
                Profile::Release
            } else {
                Profile::Dev
            };
            serve::run(host, profile, &arguments)
        }
        Command::Test { filter, host } => test::run_all(filter.as_deref(), host),
        Command::Prove { part } => prove::run_all(part),
        Command::Lint => lint::run_all(),
        Command::Generate => test::generate(),
        Command::Bench {
            what: Some(Suite::Scale),
            ..
        } => bench::scale(),
        Command::Bench {
            what: Some(Suite::Postgres),
            seconds,
            users,
        } => bench::postgres(users, seconds),
        Command::Bench {
            what: Some(Suite::Verify),
            ..
        } => bench::verify(),
        Command::Bench {
            what: Some(Suite::Hash),
            ..
        } => bench::hash(),
        Command::Bench {
            what: Some(Suite::Hashes),
            ..
        } => hashes::run(),
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
