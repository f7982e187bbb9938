//! Benchmarks of the Worker.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::client::{curl, login_body, post};
use super::load::median;
use super::usage::cpu_of_children;
use crate::component::{self, Module};
use crate::install::npm_packages;
use crate::process::{output, root};
use crate::running::start_as;

/// Measures the Worker's size, its start, and its number of database calls.
pub(super) fn measure(folder: &Path) -> Result<()> {
    let built = component::build(Module::Worker)?;
    let source = root().join("hosts/cloudflare");
    npm_packages(&source)?;
    let mut pack = Command::new("tar");
    pack.args(["--create", "--gzip", "--file=-", "--directory"])
        .arg(&built)
        .args(["--exclude=migrations", "--exclude=wrangler.toml", "."]);
    println!(
        "Workers: scripts and module, gzipped: {:.0} KB (aim: 600)",
        pack.output()?.stdout.len() as f64 / 1e3
    );

    let empty = folder.join("empty-worker");
    fs::create_dir_all(empty.join("migrations"))?;
    fs::copy(built.join("wrangler.toml"), empty.join("wrangler.toml"))?;
    let script = "export default { fetch: () => Response.json({}) };";
    fs::write(empty.join("worker.js"), script)?;
    let node = source.join("node_modules/node/bin/node");
    let script = source.join("serve.mjs");
    let serve = |build: &Path, state: &str, further: &[&str]| {
        let own: [&OsStr; 5] = [
            script.as_ref(),
            "--build".as_ref(),
            build.as_ref(),
            "--state".as_ref(),
            state.as_ref(),
        ];
        let arguments: Vec<_> = own
            .into_iter()
            .chain(further.iter().map(OsStr::new))
            .collect();
        start_as(&arguments, &node, folder, &[])
    };
    let variables = [
        "--var",
        "SECRET_KEY=0123456789abcdef0123456789abcdef",
        "--var",
        "LOGIN_ATTEMPTS_PER_IP=0",
        "--inspect",
    ];
    let mut starts = [Vec::new(), Vec::new()];
    for round in 0..5 {
        for (build, starts) in [&empty, &built].into_iter().zip(&mut starts) {
            let (running, base) = serve(build, &format!("start{round}"), &variables[..4])?;
            curl(&[&format!("{base}/healthz")])?;
            starts.push(cpu_of_children(running.id())?);
        }
    }
    let [nothing, ours] = starts.map(|starts| median(starts) * 1000.0);
    println!(
        "Workers: CPU time to the first response: {ours:.0} ms; empty Worker: {nothing:.0} ms; difference: {:.0} ms (aim: 50)",
        ours - nothing
    );

    let (running, base) = serve(&built, "calls", &variables)?;
    let registered = post(&format!("{base}/auth/register"), &login_body())?;
    let token = registered["tokens"]["access_token"]
        .as_str()
        .context("a token")?;
    let bearer = format!("authorization: Bearer {token}");
    let me = ["-H", &bearer, &format!("{base}/auth/me")];
    let body = login_body().to_string();
    let url = format!("{base}/auth/login");
    let login = ["-H", "content-type: application/json", "-d", &body, &url];
    println!(
        "Workers: D1 calls: GET /auth/me {} (aim: 1), POST /auth/login {} (aim: 3)",
        d1_calls(&me)?,
        d1_calls(&login)?
    );
    drop(running);
    let (_running, base) = serve(&built, "calls", &variables)?;
    let first = ["-H", &bearer, &format!("{base}/auth/me")];
    println!(
        "  GET /auth/me as the first request of an isolate, which reads the keys: {}",
        d1_calls(&first)?
    );
    Ok(())
}

/// Returns how many database calls a request caused.
fn d1_calls(arguments: &[&str]) -> Result<u32> {
    let head = output(
        Command::new("curl")
            .args(["-sS", "--fail", "-o", "/dev/null", "-D", "-"])
            .args(arguments),
    );
    let head = head.context("the Worker does not respond")?;
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("d1-calls: "));
    Ok(line.context("no count")?.trim().parse()?)
}
