//! A backup of an SQLite database, and its restore.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rusqlite::Connection;
use tempfile::TempPath;

use crate::file::{folder, named, newest, open_alone, open_to_read, sync, verify};
use crate::position::refuse_unfinished;

/// A stored copy of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The version of its schema.
    pub schema: u64,
    /// The number of its users.
    pub users: u64,
    /// The size of the file.
    pub bytes: u64,
    /// The former file, if a restore replaced one.
    pub former: Option<PathBuf>,
}

/// Copies a database, which others can read and write at the same time, into one file that only its owner can read. The
/// copy has the state of one moment, and gets its name only once it is complete and verified.
///
/// # Errors
/// The file exists and `replace` is not set, the database is damaged, or one of both can't be read or written.
pub fn backup(database: &Path, file: &Path, replace: bool) -> Result<Saved> {
    let file = &target_of(file);
    if !replace && file.exists() {
        bail!("{} exists; --force replaces it", file.display());
    }
    let source = open_to_read(database)?;
    let (copied, saved) = copy_file(&source, database, file)?;
    drop(source);
    publish(copied, file, replace)?;
    Ok(saved)
}

/// Replaces a database that no process has open by a backup. A former database is kept beside it, under
/// another name.
///
/// # Errors
/// The file is no intact backup or has a newer schema, the database is in use, or it exists and `replace` is not set.
pub fn restore(file: &Path, database: &Path, replace: bool) -> Result<Saved> {
    let database = &target_of(database);
    let source = open_to_read(file)?;
    let schema = verify(&source, file)?;
    refuse_unfinished(schema, &file.display())?;
    if schema > newest() {
        bail!(
            "{} has schema {schema}, but this version only supports schema {}; use the gatewright that made it",
            file.display(),
            newest()
        );
    }
    let folder = folder(database);
    fs::create_dir_all(&folder).with_context(|| format!("can't create {}", folder.display()))?;
    let exists = database.exists();
    if exists && !replace {
        // Says first what is the greater danger.
        drop(open_alone(database)?);
        bail!(
            "{} exists; --force replaces it and keeps it under another name",
            database.display()
        );
    }
    let former = if exists {
        Some(lock_former(database)?)
    } else {
        None
    };
    let (copied, mut saved) = copy_file(&source, file, database)?;
    let Some(connection) = former else {
        // Without its database a log is of no use, and SQLite would apply it to the new one.
        remove_log(database)?;
        publish(copied, database, false)?;
        return Ok(saved);
    };
    let kept = unused_name(database)?;
    fs::hard_link(database, &kept)
        .with_context(|| format!("can't keep the former database as {}", kept.display()))?;
    publish(copied, database, true)?;
    drop(connection);
    saved.former = Some(kept);
    Ok(saved)
}

/// Returns the file to which a path leads through symbolic links, so that it is replaced and the links stay.
fn target_of(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Locks the database that is replaced, and moves its write-ahead log into it.
fn lock_former(database: &Path) -> Result<Connection> {
    let connection = open_alone(database)?;
    connection
        .execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT;")
        .map_err(|error| named(database, error))?;
    Ok(connection)
}

/// Copies a database to a temporary file beside `to`, and verifies it.
fn copy_file(source: &Connection, from: &Path, to: &Path) -> Result<(TempPath, Saved)> {
    let folder = folder(to);
    // The file is empty and private, and `VACUUM INTO` fills it.
    let copied = tempfile::Builder::new()
        .prefix(".gatewright-")
        .suffix(".db")
        .tempfile_in(&folder)
        .with_context(|| format!("can't write to {}", folder.display()))?
        .into_temp_path();
    let name = copied.to_str().context("the path is not UTF-8")?;
    source
        .execute("VACUUM INTO ?1", [name])
        .map_err(|error| explain(source, from, to, error))?;
    let written = open_to_read(&copied)?;
    let schema = verify(&written, &copied)?;
    let users: i64 = written.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    drop(written);
    sync(&copied)?;
    let saved = Saved {
        schema,
        users: users.unsigned_abs(),
        bytes: fs::metadata(&copied)?.len(),
        former: None,
    };
    Ok((copied, saved))
}

/// Names the file that an error is about: a source that can still be read is not damaged.
fn explain(source: &Connection, from: &Path, to: &Path, error: rusqlite::Error) -> anyhow::Error {
    match verify(source, from) {
        Err(damage) => damage,
        Ok(_) => named(to, error),
    }
}

/// Gives the copy its name.
fn publish(copied: TempPath, file: &Path, replace: bool) -> Result<()> {
    let named = if replace {
        copied.persist(file)
    } else {
        copied.persist_noclobber(file)
    };
    match named {
        Ok(()) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists; --force replaces it", file.display())
        }
        Err(error) => {
            return Err(error.error).with_context(|| format!("can't write {}", file.display()));
        }
    }
    sync(&folder(file)).with_context(|| format!("can't write {}", file.display()))
}

/// Returns the first of `NAME.before-restore`, `NAME.before-restore-2` … that doesn't exist.
fn unused_name(database: &Path) -> Result<PathBuf> {
    let name = database.file_name().context("the path names no file")?;
    for number in 1u32.. {
        let mut name = name.to_owned();
        name.push(".before-restore");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let path = database.with_file_name(name);
        if !path.exists() {
            return Ok(path);
        }
    }
    bail!("every name for the former database is taken")
}

fn remove_log(database: &Path) -> Result<()> {
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("can't delete {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
