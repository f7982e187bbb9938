//! `cargo xtask test`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::component;
use crate::host::Host;
use crate::install::{chromium, need, npm_packages, python_packages};
use crate::native::{self, Profile};
use crate::process::{cargo, root, run, target};
use crate::running::start;
use crate::stage::{Stages, stage};

/// Tests of a host by itself, beside the scenarios that every host passes.
const fn own_tests(host: Host) -> &'static str {
    match host {
        Host::Native => "native",
        Host::Spin => "spin",
        Host::Cloudflare => "cloudflare",
    }
}

/// Runs every test; those whose name holds the filter; or only those of one host: its scenarios and its own tests.
pub(crate) fn run_all(filter: Option<&str>, host: Option<Host>) -> Result<()> {
    need(
        "node",
        "Node.js 20 or newer: https://nodejs.org, or: apt-get install nodejs npm",
    )?;
    need("npm", "npm: https://nodejs.org, or: apt-get install npm")?;
    let stages = Stages::default();
    let done = match host {
        Some(host) => of_host(&stages, host, filter),
        None => of_all(&stages, filter),
    };
    stages.print();
    done
}

fn of_host(stages: &Stages, host: Host, filter: Option<&str>) -> Result<()> {
    stages.together(vec![
        stage("building for this machine", || {
            native::build_some_tests(&["scenarios", own_tests(host)])
        }),
        stage("compiling to WebAssembly", || component::compile_for(host)),
        stage("installing packages", || match host {
            Host::Cloudflare => npm_packages(&root().join("hosts/cloudflare")),
            Host::Native | Host::Spin => Ok(()),
        }),
    ])?;
    stages.one("packing", || component::pack_for(host))?;
    if host != Host::Cloudflare {
        native::place(&component::path("service"), Profile::Dev)?;
    }
    stages.one("testing", || {
        run(scenarios(host)
            .args(["--test", own_tests(host)])
            .args(filter))
    })
}

fn of_all(stages: &Stages, filter: Option<&str>) -> Result<()> {
    stages.together(vec![
        stage("building for this machine", native::build_tests),
        stage("compiling to WebAssembly", component::compile_for_tests),
        stage("installing packages", || {
            for folder in [
                "hosts/cloudflare",
                "packages/verify",
                "examples/core/javascript",
            ] {
                npm_packages(&root().join(folder))?;
            }
            npm_packages(&javascript())?;
            python_packages(&root().join("examples/core/python"))?;
            chromium().map(drop)
        }),
    ])?;
    stages.one("packing", component::pack_for_tests)?;
    native::place(&component::path("service"), Profile::Dev)?;
    let program = native::host(Profile::Dev);
    stages.one("crates, storage kit, native host", || {
        run(with_artifacts(&mut native::tests(Profile::Dev))
            .arg("--no-fail-fast")
            .args(filter))
    })?;
    let mut rest = vec![
        stage("scenarios on Spin", || {
            run(scenarios(Host::Spin).args(filter))
        }),
        stage("scenarios on Workers", || {
            run(scenarios(Host::Cloudflare).args(filter))
        }),
    ];
    if filter.is_none() {
        rest.push(stage("pages", || test_pages(&program)));
        rest.push(stage("npm package", || test_js(&program)));
    }
    stages.together(rest)
}

/// The scenarios on a host; further tests can be added.
fn scenarios(host: Host) -> Command {
    let mut command = native::tests(Profile::Dev);
    with_artifacts(&mut command)
        .args(["--test", "scenarios"])
        .env("GATEWRIGHT_HOST", own_tests(host));
    command
}

/// Names what was built for the tests.
pub(crate) fn with_artifacts(command: &mut Command) -> &mut Command {
    command
        .env("GATEWRIGHT_PROGRAM", native::host(Profile::Dev))
        .env("GATEWRIGHT_COMPONENTS", root().join("target/components"))
}

/// Writes anew what is made of tables: the tests that compare it write it when they are told to.
pub(crate) fn generate() -> Result<()> {
    let update = |arguments: &[&str]| {
        run(cargo()
            .args(["test", "--quiet", "--locked"])
            .args(arguments)
            .env("GATEWRIGHT_UPDATE", "1"))
    };
    update(&["--package", "gatewright-http", "openapi"])?;
    update(&["--package", "gatewright-tests", "--test", "manifests"])
}

/// The tests in JavaScript that are not the npm package's.
pub(crate) fn javascript() -> PathBuf {
    root().join("tests/javascript")
}

/// The pages in a browser, against a host of their own.
fn test_pages(host: &Path) -> Result<()> {
    let chromium = chromium()?;
    let folder = target().join("pages");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let (_running, base) = start(host, &folder, &[])?;
    run(Command::new("node")
        .args(["--test", "--test-reporter=spec", "pages.test.mjs"])
        .current_dir(javascript())
        .env("GATEWRIGHT_BASE", base)
        .env("GATEWRIGHT_LOG", folder.join("log"))
        .env("CHROMIUM", chromium))
}

/// The npm package, against a host of its own.
fn test_js(host: &Path) -> Result<()> {
    let source = root().join("packages/verify");
    npm_packages(&source)?;
    let folder = target().join("js-host");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let admin = [
        ("ADMIN_EMAIL", "admin@example.com"),
        ("ADMIN_PASSWORD", "a password of some length"),
    ];
    let (_running, base) = start(host, &folder, &admin)?;
    run(Command::new("node")
        .args(["--test", "--test-reporter=spec"])
        .current_dir(source.join("tests"))
        .envs(admin)
        .env("GATEWRIGHT_BASE", base)
        .env("GATEWRIGHT_PROGRAM", host)
        .env("CHROMIUM", chromium()?))
}
