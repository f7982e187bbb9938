//! `cargo xtask serve`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::component;
use crate::process::{cargo, root, target};

/// Builds the service component and the packages of the native host, and puts the two side by side. Returns the host.
pub(crate) fn build_native(packages: &[&str]) -> Result<PathBuf> {
    let component = component::build_service()?;
    crate::process::run(
        cargo()
            .args(["build", "--locked", "--release"])
            .args(packages),
    )?;
    let folder = target().join("release");
    std::fs::copy(&component, folder.join("service.wasm"))
        .with_context(|| format!("can't copy {}", component.display()))?;
    Ok(folder.join(format!("gatewright{}", std::env::consts::EXE_SUFFIX)))
}

/// Starts the service; returns when it has ended.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let host = build_native(&["--package", "gatewright"])?;
    let mut command = std::process::Command::new(host);
    command.current_dir(root()).arg("serve").args(arguments);
    // The service takes this process's place, so that signals reach it and nothing stands between.
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        Err(command.exec()).context("can't start gatewright")
    }
    #[cfg(not(unix))]
    crate::process::run(&mut command)
}
