//! Rules for files: none refer to each other in a circle, and none is too long.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::circles::circles;
use super::length::{LIMIT, is_too_long};
use super::ratchet::compare;
use crate::process::{output, root};

/// The files that break a rule for now.
const RATCHET: &str = "xtask/src/lint/ratchet.txt";

/// Checks every file of the repository. `metadata` is what `cargo metadata` says of it.
pub(crate) fn check(metadata: &Value) -> Result<()> {
    let list = read(RATCHET).unwrap_or_default();
    let mut errors = String::new();
    check_circles(metadata, &list, &mut errors)?;
    check_lengths(&list, &mut errors)?;
    if !errors.is_empty() {
        bail!("rules for files are broken:\n{errors}");
    }
    Ok(())
}

fn check_circles(metadata: &Value, list: &str, errors: &mut String) -> Result<()> {
    let found: Vec<_> = targets(metadata)
        .iter()
        .flat_map(|target| circles(target, &read))
        .collect();
    let files = found
        .iter()
        .flat_map(|circle| circle.files.iter().cloned())
        .collect();
    let differences = compare(list, "circle", &files);
    for circle in found {
        let is_new = |file: &String| differences.new.contains(file);
        if circle.files.iter().any(is_new) {
            writeln!(
                errors,
                "{} files refer to each other:\n{}",
                circle.files.len(),
                circle.report
            )?;
        }
    }
    list_mended("circle", &differences.mended, errors)
}

fn check_lengths(list: &str, errors: &mut String) -> Result<()> {
    let long: BTreeMap<_, _> = files()?
        .into_iter()
        .map(|path| {
            let lines = read(&path).map_or(0, |text| text.lines().count());
            (path, lines)
        })
        .filter(|(path, lines)| is_too_long(path, *lines))
        .collect();
    let differences = compare(list, "long", &long.keys().cloned().collect());
    for path in &differences.new {
        writeln!(errors, "{path} has {} lines, more than {LIMIT}", long[path])?;
    }
    list_mended("long", &differences.mended, errors)
}

fn list_mended(rule: &str, paths: &[String], errors: &mut String) -> Result<()> {
    for path in paths {
        writeln!(
            errors,
            "{path} is mended: remove `{rule} {path}` from {RATCHET}"
        )?;
    }
    Ok(())
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// The files that crates, programs and tests begin with.
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

/// The files of the repository: what git knows, and what is new and not ignored.
fn files() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let text = output(&mut git).context("git can't list the files")?;
    Ok(text.lines().map(str::to_owned).collect())
}
