//! `cargo xtask lint`: formatting, rules for files, dependencies, lints and documentation. Warnings are errors.

mod circles;
mod dependencies;
mod files;
mod length;
mod modules;
mod rust_version;
mod tokens;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::component;
use crate::documents::{Built, document};
use crate::packages::built_twice;
use crate::process::{cargo, output, run};
use crate::stage::{Stages, stage};
use crate::toolchain::TARGET;

/// Runs all checks.
pub(crate) fn run_all() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    let metadata = metadata()?;
    files::check(&metadata)?;
    // Selects the same packages as `cargo xtask`, so that nothing is built twice.
    run(cargo().args(["test", "--quiet", "--locked", "--package", "xtask"]))?;
    let stages = Stages::default();
    let done = stages.together(vec![
        stage("lints and documentation", lint_native),
        stage("lints of WebAssembly crates", component::lint),
        stage("dependencies", || {
            dependencies::check()?;
            rust_version::check(&metadata)
        }),
    ]);
    stages.print();
    done
}

fn lint_native() -> Result<()> {
    let twice = built_twice()?;
    if !twice.is_empty() {
        bail!(
            "`cargo xtask serve` and `cargo xtask test` build these with different features, see xtask/features/Cargo.toml: {}",
            twice.join(", ")
        );
    }
    let built = Built::everything()?;
    if built.warnings > 0 {
        bail!(
            "clippy and the compiler reported {} warnings; they are printed above",
            built.warnings
        );
    }
    document(&built)
}

/// Returns the output of `cargo metadata` for the workspace and its dependencies, on the supported platforms.
fn metadata() -> Result<Value> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--locked", "--format-version", "1"]);
    for platform in ["x86_64-unknown-linux-gnu", TARGET] {
        metadata.args(["--filter-platform", platform]);
    }
    let text = output(&mut metadata).context("cargo metadata failed")?;
    serde_json::from_str(&text).context("the output of cargo metadata is not JSON")
}
