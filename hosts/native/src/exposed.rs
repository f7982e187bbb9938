//! Files that nobody but their owner should read.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::secrets::secrets_file;
use crate::settings::HostConfig;
use crate::sqlite::database_path;

/// A line for each file of secrets or accounts that others than its owner may read or change, with the command that mends it:
/// of the database, of the secrets beside it, and of these. What this host makes is private; what was there already may have
/// come by another way.
///
/// # Errors
/// `DATABASE_URL` has another form.
pub fn exposed_files(host: &HostConfig, further: Option<PathBuf>) -> Result<Vec<String>> {
    let database = database_path(&host.database_url).context("DATABASE_URL")?;
    let beside = |suffix: &str| {
        let mut path = database.clone().into_os_string();
        path.push(suffix);
        PathBuf::from(path)
    };
    let files = [
        secrets_file(&database),
        beside(""),
        beside("-wal"),
        beside("-shm"),
    ];
    let exposed = files.into_iter().chain(further).filter(is_exposed);
    Ok(exposed
        .map(|path| advice(&path.to_string_lossy()))
        .collect())
}

fn advice(path: &str) -> String {
    let quoted = path.replace('\'', r"'\''");
    format!("{path} can be read or changed by others than its owner: chmod 600 '{quoted}'")
}

#[cfg(unix)]
fn is_exposed(path: &PathBuf) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    // What can't be looked at is told where it is used.
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &PathBuf) -> bool {
    false
}
