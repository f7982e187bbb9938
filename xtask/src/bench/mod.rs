//! `cargo xtask bench`: the hosts' performance on this machine, compared with a peer in the same run.

mod client;
mod cloudflare;
mod hash;
mod issuer;
mod load;
mod native;
mod peer;
mod postgres;
mod spin;
mod usage;

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::component::{self, Module};
use crate::install::npm_packages;
use crate::native::{build_host, build_scale};
use crate::packages::Profile;
use crate::process::{root, target};
use crate::test::javascript;
pub(crate) use hash::run as hash;
use load::need_wrk;
pub(crate) use postgres::measure as postgres;

/// `cargo xtask bench verify`: the npm package compared with its peers.
pub(crate) fn verify() -> Result<()> {
    component::build(Module::Js)?;
    let folder = root().join("packages/verify");
    npm_packages(&folder)?;
    crate::process::run(Command::new("node").arg("bench.mjs").current_dir(folder))
}

/// A million users on SQLite, compared with ten thousand.
pub(crate) fn scale() -> Result<()> {
    crate::process::run(&mut scale_command()?)
}

/// Returns the program that measures a million users.
pub(crate) fn scale_command() -> Result<Command> {
    let (host, scale) = build_scale()?;
    let mut command = Command::new(scale);
    command.env("GATEWRIGHT_PROGRAM", host);
    Ok(command)
}

/// Runs the benchmarks and prints the results.
pub(crate) fn run(seconds: u64) -> Result<()> {
    need_wrk()?;
    npm_packages(&javascript())?;
    let program = build_host(Profile::Release)?;
    let folder = target().join("bench");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    native::measure(&program, &folder, seconds)?;
    spin::measure(&program, &folder, seconds)?;
    cloudflare::measure(&folder)
}
