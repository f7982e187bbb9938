//! `cargo xtask test`.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::component;
use crate::process::{cargo, output, root, run, target};
use crate::serve::build_native;
use crate::toolchain::install_debian_packages;

/// Crates without wasmtime, tested with the checks of the development profile.
const PURE: [&str; 4] = [
    "auth-core",
    "gatewright-http",
    "gatewright-mail",
    "gatewright-sql",
];
/// Crates with it or with other large ones, tested in the profile that is served, so that these are built once.
const WHOLE: [&str; 6] = [
    "gatewright",
    "gatewright-cli",
    "gatewright-compose",
    "gatewright-smtp",
    "gatewright-tests",
    "gatewright-transfer",
];

/// Runs every test, or those whose name holds the filter.
pub(crate) fn run_all(filter: Option<&str>) -> Result<()> {
    need(
        "node",
        "Node.js 20 or newer: https://nodejs.org, or: apt-get install nodejs npm",
    )?;
    need("npm", "npm: https://nodejs.org, or: apt-get install npm")?;
    // With all of them and all targets, so that wasmtime is built with the features that the tests build it with.
    let whole: Vec<_> = packages(&WHOLE).chain(["--all-targets"]).collect();
    let host = build_native(&whole)?;
    component::build_for_tests()?;
    install_packages(&root().join("hosts/cloudflare"))?;
    install_packages(&javascript())?;
    install_packages(&root().join("examples/core/javascript"))?;
    install_python_packages(&root().join("examples/core/python"))?;

    run(cargo()
        .args(["test", "--locked"])
        .args(packages(&PURE))
        .args(filter))?;
    run(cargo()
        .args(["test", "--locked", "--release"])
        .args(packages(&WHOLE))
        .args(filter)
        .env("GATEWRIGHT_PROGRAM", &host)
        .env("GATEWRIGHT_COMPONENTS", root().join("target/components")))?;
    for name in ["spin", "cloudflare"] {
        println!("xtask: the scenarios on {name}");
        run(cargo()
            .args(["test", "--locked", "--release"])
            .args(packages(&WHOLE))
            .args(["--test", "scenarios"])
            .args(filter)
            .env("GATEWRIGHT_HOST", name)
            .env("GATEWRIGHT_PROGRAM", &host))?;
    }
    if filter.is_none() {
        test_pages(&host)?;
        test_js(&host)?;
    }
    Ok(())
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
    update(&[
        "--release",
        "--package",
        "gatewright-tests",
        "--test",
        "manifests",
    ])
}

fn packages<'a>(names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    names.iter().flat_map(|name| ["--package", name])
}

fn need(program: &str, what: &str) -> Result<()> {
    match output(Command::new(program).arg("--version")) {
        Some(_) => Ok(()),
        None => bail!("{program} is missing; install {what}"),
    }
}

pub(crate) fn javascript() -> PathBuf {
    root().join("tests/javascript")
}

/// Installs the npm packages of a folder, unless they are there and newer than the list of them.
pub(crate) fn install_packages(folder: &Path) -> Result<()> {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let installed = changed(&folder.join("node_modules/.package-lock.json"));
    if installed.is_none() || installed < changed(&folder.join("package-lock.json")) {
        let npm = |command: &[&str]| {
            run(Command::new("npm")
                .args(command)
                .args(["--no-audit", "--no-fund"])
                .current_dir(folder))
        };
        // A registry may lack packages for other systems, which `npm ci` takes for a list that does not fit.
        npm(&["ci"]).or_else(|_| npm(&["install", "--no-save"]))?;
    }
    Ok(())
}

/// Installs the Python packages of a folder into an environment there, unless that has those in the list of them.
fn install_python_packages(folder: &Path) -> Result<()> {
    let (listed, environment) = (folder.join("requirements.txt"), folder.join(".venv"));
    let installed = environment.join("requirements.txt");
    let list = std::fs::read(&listed)?;
    if std::fs::read(&installed).ok().as_ref() == Some(&list) {
        return Ok(());
    }
    let make = || {
        let mut python = Command::new("python3");
        run(python.args(["-m", "venv", "--clear"]).arg(&environment))
    };
    if make().is_err() {
        if Path::new("/etc/debian_version").exists() {
            install_debian_packages(&["python3-venv"])?;
        }
        make().context("Python's module venv is missing; install it")?;
    }
    run(Command::new(environment.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(&listed))?;
    // Last, so that what was interrupted is done again.
    std::fs::write(&installed, list).context("can't write to Python's environment")
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
    let source = root().join("hosts/js");
    install_packages(&source)?;
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

fn chromium() -> Result<PathBuf> {
    let known = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    let find = || {
        let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
        named
            .into_iter()
            .chain(known.map(PathBuf::from))
            .find(|path| path.exists())
    };
    if let Some(path) = find() {
        return Ok(path);
    }
    if Path::new("/etc/debian_version").exists() {
        install_debian_packages(&["chromium"])?;
    }
    find().context("Chromium is missing; install it, or name one in CHROMIUM")
}

/// A process that is ended when dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Takes a process over.
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    /// Its identifier.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the native host in a folder, with these settings, and returns its address.
pub(crate) fn start(
    host: &Path,
    folder: &Path,
    settings: &[(&str, &str)],
) -> Result<(Running, String)> {
    start_as(&["serve"], host, folder, settings)
}

/// Starts what the native host serves by these arguments.
pub(crate) fn start_as<S: AsRef<OsStr>>(
    arguments: &[S],
    host: &Path,
    folder: &Path,
    settings: &[(&str, &str)],
) -> Result<(Running, String)> {
    let mut child = Command::new(host)
        .args(arguments)
        .args(["--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join("log"))?)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("the host's output")?)
        .lines()
        .map_while(Result::ok);
    let running = Running(child);
    let base = lines.find_map(|line| {
        line.strip_prefix("listening")
            .map(|rest| rest.trim().to_owned())
    });
    let base = base.with_context(|| {
        format!(
            "the host did not start: see {}",
            folder.join("log").display()
        )
    })?;
    // Keeps the pipe from filling up.
    std::thread::spawn(move || lines.for_each(drop));
    Ok((running, base))
}
