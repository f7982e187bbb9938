//! The packages that are built for this machine.
//!
//! Every build selects the same packages, because the selection decides the features of their dependencies. So each
//! command reuses what an earlier one built.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{cargo, output, run, target};

/// Packages that `cargo xtask serve` needs.
pub(crate) const PRODUCT: [&str; 2] = ["gatewright", "gatewright-pack"];
/// Further packages that are tested.
pub(crate) const TESTED: [&str; 16] = [
    "auth-core",
    "gatewright-argon2-simd",
    "gatewright-cli",
    "gatewright-compose",
    "gatewright-copy",
    "gatewright-crypto",
    "gatewright-http",
    "gatewright-mail",
    "gatewright-postgres",
    "gatewright-smtp",
    "gatewright-storage",
    "gatewright-storage-postgres",
    "gatewright-storage-sql",
    "gatewright-storage-sqlite",
    "gatewright-tests",
    "gatewright-transfer",
];

/// The build profile of the native host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Fast to compile: for tests and local use.
    Dev,
    /// Optimized: to deploy and to benchmark.
    Release,
}

impl Profile {
    /// Returns the folder of its programs.
    pub(crate) fn folder(self) -> PathBuf {
        target().join(match self {
            Self::Dev => "debug",
            Self::Release => "release",
        })
    }

    /// Returns cargo. For tests, clippy compiles the workspace's own crates, so that `cargo xtask lint` compiles
    /// nothing again.
    pub(crate) fn cargo(self) -> Command {
        let mut command = cargo();
        let clippy = Path::new(command.get_program()).with_file_name("clippy-driver");
        if self == Self::Dev && clippy.is_file() {
            command.env("RUSTC_WORKSPACE_WRAPPER", clippy);
        }
        command
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }
}

/// Builds the program that packs modules as components and JavaScript.
pub(crate) fn build_pack() -> Result<PathBuf> {
    build("gatewright-pack", Profile::Dev)
}

/// Returns the path of a built program.
pub(crate) fn program(name: &str, profile: Profile) -> PathBuf {
    profile
        .folder()
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds a program. Returns its path.
pub(crate) fn build(binary: &str, profile: Profile) -> Result<PathBuf> {
    run(profile
        .cargo()
        .args(["build", "--locked"])
        .args(profile.arguments())
        .args(packages(&PRODUCT))
        .args(["--bin", binary]))?;
    Ok(program(binary, profile))
}

/// Builds an optimized program for another target of this machine. Returns its path.
pub(crate) fn build_for(target_name: &str, binary: &str) -> Result<PathBuf> {
    run(cargo()
        .args(["build", "--locked", "--release", "--target", target_name])
        .args(packages(&PRODUCT))
        .args(["--bin", binary]))?;
    Ok(target().join(target_name).join("release").join(binary))
}

/// Returns a cargo command for every package, to which further arguments can be added.
pub(crate) fn all_packages(verb: &str, profile: Profile) -> Command {
    let mut command = profile.cargo();
    command
        .args([verb, "--locked"])
        .args(profile.arguments())
        .args(packages(&PRODUCT))
        .args(packages(&TESTED));
    command
}

/// Returns dependencies that `cargo xtask serve` and `cargo xtask test` build with different features, and therefore
/// twice.
pub(crate) fn built_twice() -> Result<Vec<String>> {
    let tree = |edges: &str, names: &[&[&str]]| -> Result<BTreeSet<String>> {
        let mut tree = cargo();
        tree.args(["tree", "--locked", "--prefix", "none"])
            .args(["--format", "{p} {f}", "--edges", edges]);
        for names in names {
            tree.args(packages(names));
        }
        let text = output(&mut tree).context("cargo tree failed")?;
        // Cargo marks a package that is shown again.
        let line = |line: &str| line.trim_end_matches(" (*)").trim_end().to_owned();
        Ok(text.lines().map(line).collect())
    };
    let served = tree("normal,build", &[&PRODUCT])?;
    let tested = tree("normal,build,dev", &[&PRODUCT, &TESTED])?;
    Ok(served.difference(&tested).cloned().collect())
}

/// Returns cargo's arguments that select packages.
fn packages<'a>(names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    names.iter().flat_map(|name| ["--package", name])
}
