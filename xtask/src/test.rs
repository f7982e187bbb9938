//! `cargo xtask test`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::Host;
use crate::component;
use crate::install::{chromium, need, npm_packages, python_packages};
use crate::native::{self, Profile};
use crate::process::{cargo, root, run, target};
use crate::running::start;
use crate::stage::{Stages, stage};

/// Programs of tests that run as a stage of their own.
const KIT: &str = "contract";
const SCENARIOS: &str = "scenarios";
const HOSTS: [Host; 3] = [Host::Native, Host::Spin, Host::Cloudflare];

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
            native::build_some_tests(&[SCENARIOS, own_tests(host)])
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
    // Two at a time, the longest first: many of them wait for others now and then.
    let of = |host| move || run(scenarios(host).args(filter));
    let mut tests = vec![
        stage("storage kit", || run(some_tests(&[KIT]).args(filter))),
        stage("scenarios on Workers", of(Host::Cloudflare)),
        stage("each host by itself", || {
            run(some_tests(&HOSTS.map(own_tests)).args(filter))
        }),
        stage("scenarios on Spin", of(Host::Spin)),
        stage("scenarios on the native host", of(Host::Native)),
        stage("crates", || run(all_other_tests()?.args(filter))),
        stage("examples in the documentation", || {
            run(native::tests(Profile::Dev).arg("--doc").args(filter))
        }),
    ];
    if filter.is_none() {
        tests.insert(4, stage("npm package", || test_js(&program)));
        tests.insert(5, stage("pages", || test_pages(&program)));
    }
    stages.by(2, tests)
}

/// Tests by the names of their programs.
fn some_tests(names: &[&str]) -> Command {
    let mut command = native::tests(Profile::Dev);
    with_artifacts(&mut command)
        .arg("--no-fail-fast")
        .args(names.iter().flat_map(|name| ["--test", name]));
    command
}

/// The tests that no other stage runs.
fn all_other_tests() -> Result<Command> {
    let apart = [&[KIT, SCENARIOS][..], &HOSTS.map(own_tests)].concat();
    let names = native::test_programs()?;
    let others: Vec<_> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !apart.contains(name))
        .collect();
    let mut command = some_tests(&others);
    command.args(["--lib", "--bins"]);
    Ok(command)
}

/// The scenarios on a host; further tests can be added.
fn scenarios(host: Host) -> Command {
    let mut command = native::tests(Profile::Dev);
    with_artifacts(&mut command)
        .args(["--test", SCENARIOS])
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
    update(&["--package", "gatewright-storage", "--test", "generated"])?;
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
