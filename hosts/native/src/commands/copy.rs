//! `gatewright copy`.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, ArgMatches, Command};
use gatewright::DatabaseUrl;
use gatewright_cli::say;
use gatewright_copy::{Progress, Source, Target};
use gatewright_postgres::Address;
use tokio::runtime::Builder;

const LONG: &str = "\
Examples:
  gatewright copy --from sqlite:data/gatewright.db --to env:DATABASE_URL
  gatewright copy --from postgresql://auth@localhost/auth --to sqlite:data/gatewright.db

Everything is copied, sessions and signing keys included, so that nobody is signed out. Stop every host of both databases
first. Neither may be in use, and the target must be new. Run an interrupted copy again: it goes on where it stopped.
The service needs the same SECRET_KEY with the new database.

Other users of the machine can read the arguments of a program. env:NAME takes the URL from an environment variable.";

/// The interval of progress about one table.
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn command() -> Command {
    let url = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("URL")
            .required(true)
            .help(help)
    };
    Command::new("copy")
        .about("Copy everything from one database to another")
        .after_long_help(LONG)
        .arg(url(
            "from",
            "The database to copy: sqlite:PATH, postgresql://… or env:NAME",
        ))
        .arg(url(
            "to",
            "The new database: sqlite:PATH, postgresql://… or env:NAME",
        ))
}

pub(super) fn copy(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (from, to) = (
        Database::of(arguments, "from")?,
        Database::of(arguments, "to")?,
    );
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let copied = runtime.block_on(async {
        let source = match &from {
            Database::Sqlite(path) => Source::sqlite(path)?,
            Database::Postgres(address) => Source::postgres(address).await?,
        };
        let mut target = match &to {
            Database::Sqlite(path) => Target::sqlite(path)?,
            Database::Postgres(address) => Target::postgres(address).await?,
        };
        let mut last = None;
        source
            .copy_to(&mut target, &mut |step| report(step, &mut last))
            .await
    })?;
    for (table, rows) in &copied.tables {
        writeln!(out, "{table:20} {rows:>10}")?;
    }
    let done = match copied.continued {
        true => "The interrupted copy was continued. Both databases are equal.",
        false => "Both databases are equal.",
    };
    writeln!(
        out,
        "{done}\nSet DATABASE_URL to the new database, and SECRET_KEY to the same key as before: it is not in the database."
    )?;
    Ok(())
}

/// Says how far the copy is, about each table and at times within a large one.
fn report(step: Progress, last: &mut Option<Instant>) {
    let line = match step {
        Progress::Read(table, rows) => format!("{table}: {rows} rows read"),
        Progress::Stored(table, stored, rows) if stored < rows => {
            if last.is_some_and(|last| last.elapsed() < EVERY) {
                return;
            }
            *last = Some(Instant::now());
            format!("{table}: {stored} of {rows} rows stored")
        }
        Progress::Stored(table, stored, _) => format!("{table}: {stored} rows stored"),
        Progress::Verified(table, rows) => format!("{table}: {rows} rows verified"),
    };
    say(&line);
}

/// A database that an argument names.
enum Database {
    Sqlite(std::path::PathBuf),
    Postgres(Box<Address>),
}

impl Database {
    fn of(arguments: &ArgMatches, name: &str) -> Result<Self> {
        let given = arguments
            .get_one::<String>(name)
            .cloned()
            .unwrap_or_default();
        let url = match given.strip_prefix("env:") {
            Some(variable) => std::env::var(variable)
                .with_context(|| format!("--{name}: the environment has no {variable}"))?,
            None => given,
        };
        match DatabaseUrl::parse(&url) {
            Some(DatabaseUrl::Sqlite(path)) => Ok(Self::Sqlite(path)),
            Some(DatabaseUrl::Postgres(url)) => {
                let address = Address::parse(&url).with_context(|| format!("--{name}"))?;
                Ok(Self::Postgres(Box::new(address)))
            }
            // The value can contain a password.
            None => bail!("--{name} is neither sqlite:PATH nor postgresql://…"),
        }
    }
}
