//! `cargo xtask serve`: builds and starts the service.

use std::io::{Read as _, Write as _};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::component::{self, Module};
use crate::host::Host;
use crate::install::npm_packages;
use crate::native::build_host;
use crate::packages::Profile;
use crate::process::root;

/// The Node.js from the npm packages, which is new enough for Cloudflare's runtime.
const NODE: &str = "hosts/cloudflare/node_modules/node/bin/node";

/// Starts the service, and returns when it has stopped.
pub(crate) fn run(host: Host, profile: Profile, arguments: &[String]) -> Result<()> {
    let mut command = match host {
        Host::Native => {
            let mut command = Command::new(build_host(profile)?);
            command.arg("serve");
            command
        }
        Host::Postgres => {
            bail!("the native host serves a PostgreSQL database: set DATABASE_URL=postgresql://…")
        }
        Host::SpinPostgres => {
            bail!("change one line of hosts/spin/spin.toml, see docs/deploy-spin.md#postgresql")
        }
        Host::Spin => {
            component::build(Module::Spin)?;
            make_secret(".env", "SPIN_VARIABLE_SECRET_KEY")?;
            let mut command = Command::new(build_host(profile)?);
            command.args(["spin", "up", "--from", "hosts/spin"]);
            command
        }
        Host::Cloudflare => {
            component::build(Module::Worker)?;
            make_secret(".dev.vars", "SECRET_KEY")?;
            npm_packages(&root().join("hosts/cloudflare"))?;
            let mut command = Command::new(root().join(NODE));
            command.arg("hosts/cloudflare/serve.mjs");
            command
        }
    };
    command.current_dir(root());
    command.args(arguments);
    // The service replaces this process, so that it receives signals directly.
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        Err(command.exec()).context("can't start gatewright")
    }
    #[cfg(not(unix))]
    crate::process::run(&mut command)
}

/// Creates a secret file for Spin and Workers, which read a file and can't store generated secrets themselves.
fn make_secret(file: &str, name: &str) -> Result<()> {
    let path = root().join(file);
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let value = |line: &str| {
        line.strip_prefix(name)?
            .strip_prefix('=')
            .map(str::trim)
            .map(str::is_empty)
    };
    let in_file = there.lines().any(|line| value(line) == Some(false));
    if in_file || std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
        return Ok(());
    }
    let mut random = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let line_break = if there.is_empty() || there.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let mut file = options.open(&path)?;
    // An existing file may have been readable by others.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    writeln!(file, "{line_break}{name}={secret}")?;
    println!(
        "created     {name} in {} (keep this file: without it stored keys are lost)",
        path.display()
    );
    Ok(())
}
