//! `cargo xtask test`: runs the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::component::{self, Module};
use crate::host::Host;
use crate::image;
use crate::install::{chromium, need, npm_packages, postgres, programs, python_packages};
use crate::native;
use crate::packages::Profile;
use crate::process::{root, run, target};
use crate::running::start;
use crate::selection::{
    ARGON2, DEPLOYMENT, HOSTS, KIT, OF_SEVERAL_HOSTS, SCENARIOS, SIMULATION, Selection, own_tests,
};
use crate::stage::{Stages, stage};

/// Runs all tests, those whose name contains the filter, or the scenarios and tests of one host.
pub(crate) fn run_all(filter: Option<&str>, host: Option<Host>) -> Result<()> {
    need(
        "node",
        "Node.js 20 or newer: https://nodejs.org, or: apt-get install nodejs npm",
    )?;
    need("npm", "npm: https://nodejs.org, or: apt-get install npm")?;
    // The commands in the documentation call them.
    programs(&["curl", "jq", "openssl"].map(|name| (name, name)))?;
    let selection = match (host, filter) {
        (Some(host), _) => Selection::of_host(host),
        (None, Some(filter)) => Selection::named(filter)?,
        (None, None) => Selection::all()?,
    };
    let stages = Stages::default();
    let done = run_selected(&stages, &selection, filter);
    stages.print();
    done
}

fn run_selected(stages: &Stages, selection: &Selection, filter: Option<&str>) -> Result<()> {
    stages.together(vec![
        stage("building for this machine", || {
            let scenarios = selection.scenarios.first().map(|_| SCENARIOS.to_owned());
            let tests: Vec<_> = selection
                .programs
                .iter()
                .cloned()
                .chain(scenarios)
                .collect();
            native::build_tests(&tests, selection.units, selection.everything)
        }),
        stage("compiling to WebAssembly", || {
            component::compile(&selection.modules)
        }),
        stage("installing packages", || install_packages(selection)),
    ])?;
    stages.one("packing", || component::pack(&selection.modules))?;
    if selection
        .modules
        .iter()
        .any(|module| matches!(module, Module::Service | Module::Spin))
    {
        native::place(&component::path("service"), Profile::Dev)?;
    }
    if selection.has(DEPLOYMENT) {
        image::lay_out_dev()?;
    }
    let program = native::host(Profile::Dev);
    let own = HOSTS.map(own_tests);
    let own: Vec<_> = own.into_iter().filter(|name| selection.has(name)).collect();
    let on = |host| selection.scenarios.contains(&host);
    let of = |host| move || run(scenarios(host)?.args(filter));
    let others = other_tests(selection);
    let everything = selection.everything;
    // Two at a time, the longest first, because many of them sometimes wait.
    let tests = [
        (
            selection.has(KIT),
            stage("storage kit", || run(some_tests(&[KIT]).args(filter))),
        ),
        (
            on(Host::Cloudflare),
            stage("scenarios on Workers", of(Host::Cloudflare)),
        ),
        (
            !own.is_empty(),
            stage("tests of each host", || run(some_tests(&own).args(filter))),
        ),
        (on(Host::Spin), stage("scenarios on Spin", of(Host::Spin))),
        (
            on(Host::Postgres),
            stage("scenarios on PostgreSQL", move || {
                let mut scenarios = scenarios(Host::Postgres)?;
                match filter {
                    None if everything => scenarios.arg("--").args(OF_SEVERAL_HOSTS),
                    filter => scenarios.args(filter),
                };
                run(&mut scenarios)
            }),
        ),
        (
            on(Host::SpinPostgres),
            stage("scenarios on Spin with PostgreSQL", of(Host::SpinPostgres)),
        ),
        (
            everything && filter.is_none(),
            stage("npm package", || test_js(&program)),
        ),
        (
            everything && filter.is_none(),
            stage("pages", || test_pages(&program)),
        ),
        (
            ARGON2.iter().any(|name| selection.has(name)),
            stage("Argon2 in WebAssembly", test_argon2),
        ),
        (
            on(Host::Native),
            stage("scenarios on the native host", of(Host::Native)),
        ),
        (
            others.is_some(),
            stage("crates", || {
                others.map_or(Ok(()), |mut others| run(others.args(filter)))
            }),
        ),
        (
            everything,
            stage("examples in the documentation", || {
                run(native::tests(Profile::Dev).arg("--doc").args(filter))
            }),
        ),
    ];
    let selected = tests.into_iter().filter(|(selected, _)| *selected);
    let tests = selected.map(|(_, stage)| stage).collect();
    stages.by(2, tests)
}

/// Installs the packages that the tests in JavaScript and Python, workerd and browsers need.
fn install_packages(selection: &Selection) -> Result<()> {
    let on_workers = [Module::Worker, Module::WorkerKit];
    if on_workers
        .iter()
        .any(|module| selection.modules.contains(module))
    {
        npm_packages(&root().join("hosts/cloudflare"))?;
    }
    if selection.modules.contains(&Module::Core) {
        npm_packages(&root().join("examples/core/javascript"))?;
        python_packages(&root().join("examples/core/python"))?;
    }
    if selection.scenarios.contains(&Host::Postgres)
        || selection.has(own_tests(Host::Postgres))
        || selection.has(SIMULATION)
    {
        postgres()?;
    }
    if selection.has(DEPLOYMENT) {
        python_packages(&root().join("tests/deployment"))?;
        programs(&[
            ("bwrap", "bubblewrap"),
            ("caddy", "caddy"),
            ("systemd-analyze", "systemd"),
        ])?;
    }
    // The programs that the scenarios communicate with.
    npm_packages(&javascript())?;
    if selection.everything {
        npm_packages(&root().join("packages/verify"))?;
    }
    if selection.everything || !selection.scenarios.is_empty() {
        chromium()?;
    }
    Ok(())
}

/// Returns the command for the tests of these programs.
fn some_tests(names: &[&str]) -> Command {
    let mut command = native::tests(Profile::Dev);
    with_artifacts(&mut command)
        .arg("--no-fail-fast")
        .args(names.iter().flat_map(|name| ["--test", name]));
    command
}

/// Returns the command for the selected tests that no other stage runs.
fn other_tests(selection: &Selection) -> Option<Command> {
    let apart = [&[KIT, SCENARIOS][..], &HOSTS.map(own_tests)].concat();
    let names = selection.programs.iter().map(String::as_str);
    let others: Vec<_> = names.filter(|name| !apart.contains(name)).collect();
    if others.is_empty() && !selection.units {
        return None;
    }
    let mut command = some_tests(&others);
    if selection.units {
        command.args(["--lib", "--bins"]);
    }
    Some(command)
}

/// Returns the command for the scenarios on a host; further tests can be added.
pub(crate) fn scenarios(host: Host) -> Result<Command> {
    let mut command = native::tests(Profile::Dev);
    with_artifacts(&mut command)
        .args(["--test", SCENARIOS])
        .env("GATEWRIGHT_HOST", host.name())
        .env("CHROMIUM", chromium()?);
    Ok(command)
}

/// Passes the paths of built products to the tests.
pub(crate) fn with_artifacts(command: &mut Command) -> &mut Command {
    command
        .env("GATEWRIGHT_PROGRAM", native::host(Profile::Dev))
        .env("GATEWRIGHT_COMPONENTS", root().join("target/components"))
        .env("GATEWRIGHT_IMAGE", image::dev())
        .env("GATEWRIGHT_IMAGE_LIBRARIES", "/lib:/lib64")
}

/// Runs the tests of Argon2 as WebAssembly: in V8, and in the native host's engine.
fn test_argon2() -> Result<()> {
    let script = root().join("crates/argon2-simd/tests/run.mjs");
    let wasmtime = native::build_runner()?;
    let (script, wasmtime) = (script.to_string_lossy(), wasmtime.to_string_lossy());
    component::test("gatewright-argon2-simd", &["node", &*script])?;
    component::test("gatewright-argon2-simd", &[&*wasmtime])
}

/// Writes the generated files, by running the tests that compare them in a mode that updates them.
pub(crate) fn generate() -> Result<()> {
    // The same packages as for the tests, so that no dependency is built with other features.
    let update = |arguments: &[&str]| {
        run(native::tests(Profile::Dev)
            .arg("--quiet")
            .args(arguments)
            .env("GATEWRIGHT_UPDATE", "1"))
    };
    // First, because everything else is compiled with it.
    update(&["--test", "storage_contract"])?;
    update(&["--lib", "openapi"])?;
    update(&["--test", "manifests"])
}

/// Returns the folder of the JavaScript tests outside the npm package.
pub(crate) fn javascript() -> PathBuf {
    root().join("tests/javascript")
}

/// Tests the pages in a browser, against a separate host.
fn test_pages(host: &Path) -> Result<()> {
    let chromium = chromium()?;
    let folder = target().join("pages");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let (_running, base) = start(host, &folder, &[])?;
    run(Command::new("node")
        .args([
            "--test",
            "--test-reporter=spec",
            "--test-timeout=300000",
            "pages.test.mjs",
        ])
        .current_dir(javascript())
        .env("GATEWRIGHT_BASE", base)
        .env("GATEWRIGHT_LOG", folder.join("log"))
        .env("CHROMIUM", chromium))
}

/// Tests the npm package, against a separate host.
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
        .args(["--test", "--test-reporter=spec", "--test-timeout=300000"])
        .current_dir(source.join("tests"))
        .envs(admin)
        .env("GATEWRIGHT_BASE", base)
        .env("GATEWRIGHT_PROGRAM", host)
        .env("CHROMIUM", chromium()?))
}
