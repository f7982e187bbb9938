//! The oldest Rust that compiles this repository: `rust-version` in Cargo.toml.

use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::{output, root, run, target};

/// Checks that no dependency needs a newer Rust, and compiles everything with the declared version. Clippy finds newer
/// parts of the standard library. `metadata` is the output of `cargo metadata`.
pub(crate) fn check(metadata: &Value) -> Result<()> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let versions: Vec<(&str, &str)> = packages
        .filter_map(|package| Some((package["name"].as_str()?, package["rust_version"].as_str()?)))
        .collect();
    let (_, declared) = versions
        .iter()
        .find(|(name, _)| *name == env!("CARGO_PKG_NAME"))
        .context("Cargo.toml has no rust-version")?;
    let newer: Vec<_> = versions
        .iter()
        .filter(|(_, version)| number(version) > number(declared))
        .map(|(name, version)| format!("{name} ({version})"))
        .collect();
    if !newer.is_empty() {
        bail!(
            "rust-version is {declared}, but dependencies need a newer one: {}",
            newer.join(", ")
        );
    }
    compile_with(declared)
}

/// Compiles everything with a release of Rust, unless it is the active one, which compiles everything anyway.
fn compile_with(declared: &str) -> Result<()> {
    let active = output(Command::new("rustc").arg("--version")).unwrap_or_default();
    if number(active.split(' ').nth(1).unwrap_or_default())[..2] == number(declared)[..2] {
        return Ok(());
    }
    let toolchains = [declared.to_owned(), format!("{declared}.0")];
    let installed = toolchains.iter().find(|toolchain| {
        output(Command::new("rustup").args(["run", toolchain, "rustc", "--version"])).is_some()
    });
    match installed {
        Some(toolchain) => run(Command::new("rustup")
            .args(["run", toolchain, "cargo", "check"])
            .args(["--locked", "--workspace", "--all-targets", "--target-dir"])
            .arg(target().join("rust-version"))
            .current_dir(root())
            .env_remove("CARGO")),
        None => {
            println!(
                "xtask: not checked with Rust {declared}; install it with: rustup toolchain install {declared}"
            );
            Ok(())
        }
    }
}

/// Parses a version; missing numbers are 0.
fn number(version: &str) -> [u32; 3] {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(number("1.100") > number("1.95.1"));
        assert_eq!(number("1.95"), number("1.95.0"));
    }
}
