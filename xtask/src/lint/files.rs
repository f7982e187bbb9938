//! Rules for files: no circular references, and a maximum length.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::circles::circles;
use super::length::{LIMIT, is_too_long};
use crate::process::{output, root};

/// Checks every file of the repository. `metadata` is the output of `cargo metadata`.
pub(crate) fn check(metadata: &Value) -> Result<()> {
    let mut errors = String::new();
    for target in targets(metadata) {
        for circle in circles(&target, &read) {
            writeln!(
                errors,
                "{} files have circular references:\n{}",
                circle.files.len(),
                circle.report
            )?;
        }
    }
    for path in files()? {
        let lines = read(&path).map_or(0, |text| text.lines().count());
        if is_too_long(&path, lines) {
            writeln!(
                errors,
                "{path} has {lines} lines, the limit is {LIMIT}: split it"
            )?;
        }
    }
    if !errors.is_empty() {
        bail!("some files break the rules:\n{errors}");
    }
    Ok(())
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// Returns the root files of crates, programs and tests.
fn targets(metadata: &Value) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter_map(|package| package["targets"].as_array())
        .flatten()
        .filter_map(|target| {
            let path = Path::new(target["src_path"].as_str()?);
            let path = path.strip_prefix(root()).ok()?;
            Some(path.to_str()?.replace('\\', "/"))
        })
        .collect()
}

/// Returns the files of the repository: those tracked by git, and new ones that are not ignored.
fn files() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let text = output(&mut git).context("git can't list the files")?;
    Ok(text.lines().map(str::to_owned).collect())
}
