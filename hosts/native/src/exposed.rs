//! Files that nobody but their owner should read.

use std::path::{Path, PathBuf};

/// A warning for each file of an SQLite database, and for each of these files of secrets, that others than its owner may read
/// or change, with the command that mends it. This host creates private files; a restored or copied file may not be private.
pub fn exposed_files(
    database: &Path,
    secrets: impl IntoIterator<Item = PathBuf>,
) -> impl Iterator<Item = String> {
    let of_database = ["", "-wal", "-shm"].map(|suffix| {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    });
    let files = of_database.into_iter().chain(secrets);
    files
        .filter(is_exposed)
        .map(|path| advice(&path.to_string_lossy()))
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
