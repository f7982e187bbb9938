//! Installs what the tests and benchmarks need, unless it is installed already.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail};

use crate::process::{output, run};

/// A lock, because Debian's package manager can't run twice at the same time.
static DEBIAN: Mutex<()> = Mutex::new(());

/// Fails if a program is missing, and names what to install.
pub(crate) fn need(program: &str, what: &str) -> Result<()> {
    match output(Command::new(program).arg("--version")) {
        Some(_) => Ok(()),
        None => bail!("{program} is missing; install {what}"),
    }
}

/// Installs the npm packages of a folder, unless the installed ones are newer than its lock file.
pub(crate) fn npm_packages(folder: &Path) -> Result<()> {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let installed = changed(&folder.join("node_modules/.package-lock.json"));
    if installed.is_none() || installed < changed(&folder.join("package-lock.json")) {
        let npm = |command: &[&str]| {
            run(Command::new("npm")
                .args(command)
                .args(["--no-audit", "--no-fund"])
                .current_dir(folder))
        };
        // A registry can lack packages for other systems, which `npm ci` reports as a mismatch with the lock file.
        npm(&["ci"]).or_else(|_| npm(&["install", "--no-save"]))?;
    }
    Ok(())
}

/// Installs the Python packages of a folder into a virtual environment there, unless it is up to date.
pub(crate) fn python_packages(folder: &Path) -> Result<()> {
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
            debian_packages(&["python3-venv"])?;
        }
        make().context("Python's module venv is missing; install it")?;
    }
    run(Command::new(environment.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(&listed))?;
    // Written last, so that an interrupted installation is repeated.
    std::fs::write(&installed, list).context("can't write to Python's environment")
}

/// Returns a browser: the one that `CHROMIUM` names, an installed one, or Debian's package.
pub(crate) fn chromium() -> Result<PathBuf> {
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
        debian_packages(&["chromium"])?;
    }
    find().context("Chromium is missing; install it, or set CHROMIUM to the path of a browser")
}

/// Installs programs, each named with its Debian package, unless they are there.
pub(crate) fn programs(named: &[(&str, &str)]) -> Result<()> {
    let is_missing = |(name, _): &&(&str, &str)| {
        let look = format!("command -v {name}");
        output(Command::new("sh").args(["-c", &look])).is_none()
    };
    let missing: Vec<_> = named.iter().filter(is_missing).copied().collect();
    match missing.first() {
        None => Ok(()),
        Some(_) if Path::new("/etc/debian_version").exists() => {
            let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
            debian_packages(&packages)
        }
        Some((name, package)) => need(name, package),
    }
}

/// Installs PostgreSQL and a pooler for it, unless they are there. `POSTGRES_BIN` names the folder of another server's
/// programs.
pub(crate) fn postgres() -> Result<()> {
    let servers =
        || std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut all| all.next().is_some());
    if !servers() && std::env::var_os("POSTGRES_BIN").is_none() {
        if Path::new("/etc/debian_version").exists() {
            debian_packages(&["postgresql"])?;
        } else {
            bail!(
                "PostgreSQL is missing; install it, and set POSTGRES_BIN to the folder of initdb"
            );
        }
    }
    programs(&[("pgbouncer", "pgbouncer")])
}

/// Installs those of Debian's packages that are missing.
pub(crate) fn debian_packages(packages: &[&str]) -> Result<()> {
    let _alone = DEBIAN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let installed = |package: &&str| {
        output(Command::new("dpkg-query").args(["-W", "-f=${Status}", package]))
            .is_some_and(|status| status.contains("ok installed"))
    };
    let missing: Vec<_> = packages
        .iter()
        .copied()
        .filter(|package| !installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("xtask: installing {}", missing.join(" "));
    // Never removes a package, such as Debian's own rustc.
    let install = [
        "apt-get",
        "install",
        "-y",
        "--no-remove",
        "--no-install-recommends",
    ];
    as_root(install, &missing).or_else(|_| {
        as_root(["apt-get", "update"], [""; 0])?;
        as_root(install, &missing)
    })
}

/// Runs a program as root, with sudo if necessary.
pub(crate) fn as_root<S: AsRef<std::ffi::OsStr>, const N: usize>(
    program: [&str; N],
    arguments: impl IntoIterator<Item = S>,
) -> Result<()> {
    let root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    let sudo = if root { None } else { Some("sudo") };
    let mut words = sudo.into_iter().chain(program);
    let mut command = Command::new(words.next().context("a program")?);
    run(command
        .args(words)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}
