//! What runs on this machine: the native host, and the tests of everything.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::component;
use crate::packages::{PRODUCT, all_packages, build, program};
use crate::process::run;

pub(crate) use crate::packages::Profile;

/// Builds the service component and the native host, and puts the two side by side. Returns the host.
pub(crate) fn build_host(profile: Profile) -> Result<PathBuf> {
    let host = build("gatewright", profile)?;
    let component = component::build_service()?;
    place(&component, profile)?;
    Ok(host)
}

/// Puts the service component beside the native host.
pub(crate) fn place(component: &Path, profile: Profile) -> Result<()> {
    std::fs::copy(component, profile.folder().join("service.wasm"))
        .with_context(|| format!("can't copy {}", component.display()))?;
    Ok(())
}

/// The native host, once built.
pub(crate) fn host(profile: Profile) -> PathBuf {
    program("gatewright", profile)
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
