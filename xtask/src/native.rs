//! What runs on this machine: the native host, the packer, and the tests of both and of all that is in them.
//!
//! Every build is of the same packages, as these decide with which features their dependencies are built. What one
//! command has built, the next one finds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::component;
use crate::process::{cargo, metadata, output, run, target};

/// What `cargo xtask serve` needs.
const PRODUCT: [&str; 2] = ["gatewright", "gatewright-pack"];
/// What is tested besides.
const TESTED: [&str; 10] = [
    "auth-core",
    "gatewright-cli",
    "gatewright-compose",
    "gatewright-http",
    "gatewright-mail",
    "gatewright-smtp",
    "gatewright-storage",
    "gatewright-storage-sqlite",
    "gatewright-tests",
    "gatewright-transfer",
];

/// How the native host is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quickly: for tests, and to try it.
    Dev,
    /// Well: to deploy and to measure it.
    Release,
}

impl Profile {
    fn folder(self) -> PathBuf {
        target().join(match self {
            Self::Dev => "debug",
            Self::Release => "release",
        })
    }

    /// Cargo, which for tests has clippy compile the workspace's own crates: so `cargo xtask lint` compiles nothing again.
    fn cargo(self) -> Command {
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

/// Builds the program that makes components and JavaScript of modules.
pub(crate) fn build_pack() -> Result<PathBuf> {
    build("gatewright-pack", Profile::Dev)
}

/// Builds the service component and the native host, and puts the two side by side. Returns the host.
pub(crate) fn build_host(profile: Profile) -> Result<PathBuf> {
    let host = build("gatewright", profile)?;
    let component = component::build_service()?;
    place(&component, profile)?;
    Ok(host)
}

/// Puts the service component beside the native host.
pub(crate) fn place(component: &PathBuf, profile: Profile) -> Result<()> {
    std::fs::copy(component, profile.folder().join("service.wasm"))
        .with_context(|| format!("can't copy {}", component.display()))?;
    Ok(())
}

/// The native host, once built.
pub(crate) fn host(profile: Profile) -> PathBuf {
    program("gatewright", profile)
}

fn program(name: &str, profile: Profile) -> PathBuf {
    profile
        .folder()
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn build(binary: &str, profile: Profile) -> Result<PathBuf> {
    run(profile
        .cargo()
        .args(["build", "--locked"])
        .args(profile.arguments())
        .args(packages(&PRODUCT))
        .args(["--bin", binary]))?;
    Ok(program(binary, profile))
}

/// Builds the native host and the program that measures it with many users, optimized. Returns both.
pub(crate) fn build_scale() -> Result<(PathBuf, PathBuf)> {
    run(all_packages("build", Profile::Release).args(["--bin", "gatewright", "--bin", "scale"]))?;
    place(&component::build_service()?, Profile::Release)?;
    Ok((host(Profile::Release), program("scale", Profile::Release)))
}

/// Builds all programs and all tests.
pub(crate) fn build_tests() -> Result<()> {
    run(all_packages("build", Profile::Dev).arg("--all-targets"))
}

/// Prepares the same build, and that of this program, for what reads cargo's messages: also of what is built already.
pub(crate) fn messages() -> [Command; 2] {
    let mut xtask = Profile::Dev.cargo();
    xtask.args(["build", "--locked", "--package", "xtask"]);
    let mut builds = [all_packages("build", Profile::Dev), xtask];
    for build in &mut builds {
        build.args(["--all-targets", "--message-format=json"]);
    }
    builds
}

/// Builds the programs, and of the tests that cross crates these alone.
pub(crate) fn build_some_tests(tests: &[&str]) -> Result<()> {
    run(all_packages("build", Profile::Dev)
        .args(PRODUCT.iter().flat_map(|name| ["--bin", name]))
        .args(tests.iter().flat_map(|name| ["--test", name])))
}

/// `cargo test` of every package, to which further arguments can be added.
pub(crate) fn tests(profile: Profile) -> Command {
    all_packages("test", profile)
}

fn all_packages(verb: &str, profile: Profile) -> Command {
    let mut command = profile.cargo();
    command
        .args([verb, "--locked"])
        .args(profile.arguments())
        .args(packages(&PRODUCT))
        .args(packages(&TESTED));
    command
}

/// The names of all programs that `cargo test` builds of tests that are not in a crate's own source.
pub(crate) fn test_programs() -> Result<Vec<String>> {
    let metadata = metadata(&["--no-deps"])?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let ours = |package: &Value| {
        let mut names = PRODUCT.iter().chain(&TESTED);
        names.any(|name| package["name"] == *name)
    };
    Ok(list(&metadata["packages"])
        .iter()
        .filter(|package| ours(package))
        .flat_map(|package| list(&package["targets"]))
        .filter(|target| target["kind"][0] == "test")
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect())
}

/// Dependencies that `cargo xtask serve` would build with other features than `cargo xtask test`, and so once more.
pub(crate) fn built_twice() -> Result<Vec<String>> {
    let tree = |edges: &str, names: &[&[&str]]| -> Result<BTreeSet<String>> {
        let mut tree = cargo();
        tree.args(["tree", "--locked", "--prefix", "none"])
            .args(["--format", "{p} {f}", "--edges", edges]);
        for names in names {
            tree.args(packages(names));
        }
        let text = output(&mut tree).context("cargo tree failed")?;
        // A package that was shown before is marked.
        let line = |line: &str| line.trim_end_matches(" (*)").trim_end().to_owned();
        Ok(text.lines().map(line).collect())
    };
    let served = tree("normal,build", &[&PRODUCT])?;
    let tested = tree("normal,build,dev", &[&PRODUCT, &TESTED])?;
    Ok(served.difference(&tested).cloned().collect())
}

fn packages<'a>(names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    names.iter().flat_map(|name| ["--package", name])
}
