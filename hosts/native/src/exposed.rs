//! Checks that private files are readable only by their owner.

use std::path::{Path, PathBuf};

/// Returns a warning for each file of an SQLite database and each of these files of secrets that other users can read
/// or change, with the command that fixes it. This host creates private files, but a restored or copied file can be
/// public.
pub fn exposed_files(
    database: Option<&Path>,
    secrets: impl IntoIterator<Item = PathBuf>,
) -> impl Iterator<Item = String> {
    let of_database = database.into_iter().flat_map(|database| {
        ["", "-wal", "-shm"].map(|suffix| {
            let mut path = database.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        })
    });
    let files = of_database.chain(secrets);
    files
        .filter(is_exposed)
        .map(|path| advice(&path.to_string_lossy()))
}

fn advice(path: &str) -> String {
    let quoted = path.replace('\'', r"'\''");
    format!("other users can read or change {path}; run: chmod 600 '{quoted}'")
}

#[cfg(unix)]
fn is_exposed(path: &PathBuf) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    // A file that can't be examined is reported where it is used.
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &PathBuf) -> bool {
    false
}
