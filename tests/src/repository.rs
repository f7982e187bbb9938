//! The repository's own files, for tests that read all of them. Git is not needed.

use std::path::{Path, PathBuf};

/// Returns the folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Lists the repository's files by their paths from its root, sorted. Skips Git's own folder and every path of `.gitignore`.
pub fn files() -> Vec<String> {
    let root = root();
    let ignored = ignored(&std::fs::read_to_string(root.join(".gitignore")).unwrap());
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{folder}{name}");
            if name == ".git" || ignored(&path, &name) {
                continue;
            }
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(format!("{path}/"));
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Reads a `.gitignore` of plain names and of paths that begin with `/`. Returns whether a path, with this last part, is
/// ignored.
fn ignored(text: &str) -> impl Fn(&str, &str) -> bool + use<> {
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    for line in &lines {
        assert!(!line.contains(['*', '!', '#']), "unknown pattern: {line}");
    }
    move |path, name| {
        let mut lines = lines.iter();
        lines.any(|line| line == name || line.strip_prefix('/') == Some(path))
    }
}
