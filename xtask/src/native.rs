//! What runs on this machine: the native host, the packer, and the tests of both and of all that is in them.
//!
//! Every build is of the same packages, as these decide with which features their dependencies are built. What one
//! command has built, the next one finds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::component::{self, Module};
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
    let component = component::build(Module::Service)?;
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
    place(&component::build(Module::Service)?, Profile::Release)?;
    Ok((host(Profile::Release), program("scale", Profile::Release)))
}

/// Builds all programs, and these tests.
pub(crate) fn build_tests(tests: &[String], units: bool, everything: bool) -> Result<()> {
    let mut build = all_packages("build", Profile::Dev);
    if everything {
        return run(build.arg("--all-targets"));
    }
    if units {
        run(all_packages("test", Profile::Dev).args(["--no-run", "--lib", "--bins"]))?;
    }
    run(build
        .args(PRODUCT.iter().flat_map(|name| ["--bin", name]))
        .args(tests.iter().flat_map(|name| ["--test", name])))
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

/// Something that holds tests.
pub(crate) struct Target {
    pub(crate) name: String,
    kind: String,
    source: PathBuf,
    checks: PathBuf,
}

impl Target {
    /// Whether it is a program of tests, and not a crate with tests of its own.
    pub(crate) fn is_program(&self) -> bool {
        self.kind == "test"
    }

    /// Its files: the first one, and those in the folder that belongs to it. The checks of a kit are beside it.
    pub(crate) fn sources(&self) -> Vec<PathBuf> {
        let root_of_crate = ["main.rs", "lib.rs"]
            .iter()
            .any(|name| self.source.ends_with(name));
        let mut sources = vec![self.source.clone()];
        if root_of_crate {
            sources.extend(self.source.parent().map(Path::to_path_buf));
        } else {
            sources.push(self.source.with_extension(""));
        }
        sources.push(self.checks.clone());
        let mut files = Vec::new();
        while let Some(path) = sources.pop() {
            match std::fs::read_dir(&path) {
                Ok(entries) => sources.extend(entries.flatten().map(|entry| entry.path())),
                Err(_) if path.extension().is_some_and(|extension| extension == "rs") => {
                    files.push(path);
                }
                Err(_) => {}
            }
        }
        files
    }
}

/// All that holds tests.
pub(crate) fn test_targets() -> Result<Vec<Target>> {
    let metadata = metadata(&["--no-deps"])?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ours = |package: &Value| {
        let mut names = PRODUCT.iter().chain(&TESTED);
        names.any(|name| package["name"] == *name)
    };
    let mut targets = Vec::new();
    for package in list(&metadata["packages"])
        .iter()
        .filter(|package| ours(package))
    {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        for target in list(&package["targets"]) {
            if target["test"] == true {
                let name = text(&target["name"]);
                targets.push(Target {
                    checks: manifest.with_file_name("src").join(&name),
                    name,
                    kind: text(&target["kind"][0]),
                    source: text(&target["src_path"]).into(),
                });
            }
        }
    }
    Ok(targets)
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
