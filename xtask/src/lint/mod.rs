//! `cargo xtask lint`: formatting, lints and documentation, warnings as errors.

use anyhow::{Result, bail};

use crate::packages::built_twice;
use crate::process::{cargo, root, run};
use crate::toolchain::{TARGET, WasmToolchain};

/// Crates that are empty but for WebAssembly.
const COMPONENTS: [&str; 16] = [
    "--package",
    "gatewright-cloudflare",
    "--package",
    "gatewright-core",
    "--package",
    "gatewright-service",
    "--package",
    "gatewright-faulty",
    "--package",
    "gatewright-js-crypto",
    "--package",
    "gatewright-js-verify",
    "--package",
    "gatewright-storage-memory",
    "--package",
    "gatewright-spin",
];

/// Checks everything.
pub(crate) fn run_all() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    let twice = built_twice()?;
    if !twice.is_empty() {
        bail!(
            "`cargo xtask serve` and `cargo xtask test` build these with different features, see xtask/pack/Cargo.toml: {}",
            twice.join(", ")
        );
    }
    // In the profile of the tests, so that build scripts and macros are not built again.
    run(cargo().args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    run(cargo()
        .args([
            "doc",
            "--locked",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    let toolchain = WasmToolchain::ensure()?;
    let mut clippy = toolchain.cargo();
    clippy.current_dir(root()).args([
        "clippy",
        "--locked",
        "--profile",
        "wasm",
        "--target",
        TARGET,
    ]);
    run(clippy.args(COMPONENTS).args(["--", "-D", "warnings"]))
}
