//! Native builds: the native host and the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::component::{self, Module};
use crate::packages::{PRODUCT, Profile, all_packages, build, program};
use crate::process::run;

/// Builds the service component and the native host, and copies the component next to the host. Returns the host's
/// path.
pub(crate) fn build_host(profile: Profile) -> Result<PathBuf> {
    let host = build("gatewright", profile)?;
    let component = component::build(Module::Service)?;
    place(&component, profile)?;
    Ok(host)
}

/// Copies the service component next to the native host.
pub(crate) fn place(component: &Path, profile: Profile) -> Result<()> {
    std::fs::copy(component, profile.folder().join("service.wasm"))
        .with_context(|| format!("can't copy {}", component.display()))?;
    Ok(())
}

/// Returns the path of the built native host.
pub(crate) fn host(profile: Profile) -> PathBuf {
    program("gatewright", profile)
}

/// Builds the optimized native host and the program that measures it with many users. Returns both paths.
pub(crate) fn build_scale() -> Result<(PathBuf, PathBuf)> {
    run(all_packages("build", Profile::Release).args(["--bin", "gatewright", "--bin", "scale"]))?;
    place(&component::build(Module::Service)?, Profile::Release)?;
    Ok((host(Profile::Release), program("scale", Profile::Release)))
}

/// Builds the optimized program that computes password hashes for a benchmark. Returns its path.
pub(crate) fn build_hashes() -> Result<PathBuf> {
    run(all_packages("build", Profile::Release).args(["--bin", "hashes"]))?;
    Ok(program("hashes", Profile::Release))
}

/// Builds the program that runs tests as WebAssembly. Returns its path.
pub(crate) fn build_runner() -> Result<PathBuf> {
    run(all_packages("build", Profile::Dev).args(["--bin", "run-wasm"]))?;
    Ok(program("run-wasm", Profile::Dev))
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

/// Returns commands for the same build and for that of xtask, with cargo's messages, which include those of crates that
/// are already built.
pub(crate) fn messages() -> [Command; 2] {
    let mut xtask = Profile::Dev.cargo();
    xtask.args(["build", "--locked", "--package", "xtask"]);
    let mut builds = [all_packages("build", Profile::Dev), xtask];
    for build in &mut builds {
        build.args(["--all-targets", "--message-format=json"]);
    }
    builds
}

/// Returns `cargo test` for every package, to which further arguments can be added.
pub(crate) fn tests(profile: Profile) -> Command {
    all_packages("test", profile)
}
