//! `cargo xtask lint`: formatting, lints and documentation, warnings as errors.

use anyhow::{Result, bail};

use crate::component::TARGET;
use crate::documents::{Built, document};
use crate::native::built_twice;
use crate::process::{cargo, root, run};
use crate::toolchain::WasmToolchain;

/// Crates that are empty but for WebAssembly.
const COMPONENTS: [&str; 18] = [
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
    "--package",
    "gatewright-worker-kit",
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
    let built = Built::everything()?;
    if built.warnings > 0 {
        bail!("clippy found {} things to change", built.warnings);
    }
    document(&built)?;
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
