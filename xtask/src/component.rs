//! Components: compiled for wasm32-unknown-unknown, then wrapped by wit-component.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wit_component::ComponentEncoder;

use crate::process::{root, run, target};
use crate::toolchain::WasmToolchain;

/// Target of every component: it brings no imports of its own.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The component of that name, once built.
pub(crate) fn path(name: &str) -> PathBuf {
    target().join("components").join(format!("{name}.wasm"))
}

/// Builds what the native host serves.
pub(crate) fn build_all() -> Result<()> {
    build(&WasmToolchain::ensure()?, "gatewright-service", "service")
}

/// Builds a crate as the component `name`.
pub(crate) fn build(toolchain: &WasmToolchain, package: &str, name: &str) -> Result<()> {
    run(toolchain.cargo().current_dir(root()).args([
        "build",
        "--locked",
        "--profile",
        "wasm",
        "--target",
        TARGET,
        "--package",
        package,
    ]))?;
    let module = target()
        .join(TARGET)
        .join("wasm")
        .join(format!("{}.wasm", package.replace('-', "_")));
    let module =
        std::fs::read(&module).with_context(|| format!("can't read {}", module.display()))?;
    let component = ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| encoder.validate(true).encode())
        .with_context(|| format!("{package} does not make a component"))?;
    let path = path(name);
    std::fs::create_dir_all(path.parent().context("a component has a folder")?)?;
    // Unchanged bytes keep their file, so that what was compiled from it stays fresh.
    if std::fs::read(&path).ok().as_deref() != Some(&component) {
        std::fs::write(&path, component)?;
    }
    Ok(())
}
