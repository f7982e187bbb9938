//! `gatewright backup` and `gatewright restore`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use gatewright::secrets_file;
use gatewright_copy::Saved;

use super::settings::{layered, local_arguments};

const BACKUP: &str = "\
Examples:
  gatewright backup backup.db
  gatewright backup --force /var/backups/gatewright.db

The service may run. The copy has the state of one moment, is verified, and only its owner can read it.
SECRET_KEY is not in it: keep it with the backup, apart from its storage.";

const RESTORE: &str = "\
Example:
  gatewright restore backup.db --force

Stop the service first. The backup is verified before it replaces the database, which is kept as NAME.before-restore.
Everything after the backup is gone: changed passwords, disabled users and ended sessions as well.";

pub(super) fn commands() -> [Command; 2] {
    let file = |help: &'static str| {
        Arg::new("file")
            .value_name("FILE")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    let force = |help: &'static str| {
        Arg::new("force")
            .long("force")
            .action(ArgAction::SetTrue)
            .help(help)
    };
    [
        Command::new("backup")
            .about("Copy the local database into a file, while the service runs")
            .after_long_help(BACKUP)
            .arg(file("The file to create"))
            .arg(force("Replace the file if it exists"))
            .args(local_arguments()),
        Command::new("restore")
            .about("Replace the local database by a backup")
            .after_long_help(RESTORE)
            .arg(file("The file that `gatewright backup` created"))
            .arg(force(
                "Replace the database, and keep it under another name",
            ))
            .args(local_arguments()),
    ]
}

pub(super) fn backup(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (database, file) = paths(arguments, "pg_dump --format=custom --file=FILE")?;
    let saved = gatewright_copy::backup(&database, &file, arguments.get_flag("force"))?;
    writeln!(out, "{}: {}", file.display(), contents(&saved))?;
    let secrets = secrets_file(&database);
    let key = match secrets.exists() {
        true => format!("Keep a copy of {} as well", secrets.display()),
        false => "Keep the SECRET_KEY of your settings as well".to_owned(),
    };
    writeln!(
        out,
        "The backup does not contain SECRET_KEY. {key}: without it the signing keys and second factors in the backup are lost."
    )?;
    Ok(())
}

pub(super) fn restore(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (database, file) = paths(arguments, "pg_restore --dbname=DATABASE FILE")?;
    let saved = gatewright_copy::restore(&file, &database, arguments.get_flag("force"))?;
    writeln!(out, "{}: {}", database.display(), contents(&saved))?;
    if let Some(former) = &saved.former {
        writeln!(out, "The former database is {}", former.display())?;
    }
    writeln!(
        out,
        "The service needs the SECRET_KEY that belongs to the backup: set it, or put its secrets.env at {}",
        secrets_file(&database).display()
    )?;
    Ok(())
}

fn contents(saved: &Saved) -> String {
    let users = if saved.users == 1 { "user" } else { "users" };
    format!(
        "{} {users}, schema {}, {} KiB, verified",
        saved.users,
        saved.schema,
        saved.bytes.div_ceil(1024)
    )
}

/// Returns the paths of the database and of the backup.
fn paths(arguments: &ArgMatches, instead: &str) -> Result<(PathBuf, PathBuf)> {
    let (_, host) = layered(arguments)?;
    let Some(database) = host.database_url.file() else {
        bail!(
            "DATABASE_URL names no SQLite database. A PostgreSQL database has its own programs: {instead}, or a base backup with the log for point-in-time recovery (see docs/postgresql.md). SECRET_KEY is not in them"
        );
    };
    let file = arguments.get_one::<PathBuf>("file").cloned();
    let file = file.unwrap_or_default();
    if same(database, &file) {
        bail!("{} is the database itself", file.display());
    }
    Ok((database.to_owned(), file))
}

fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
