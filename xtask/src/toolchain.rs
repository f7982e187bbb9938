//! Finds, extends or builds a Rust toolchain that compiles to WebAssembly, and adds other targets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::install::{as_root, debian_packages};
use crate::process::{output, run};

/// The target of every component: it adds no imports.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// The time limit of `rustup target add`.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);
/// Debian's packages of a Rust with the source of its library, installed in addition to any other Rust.
const DEBIAN_PACKAGES: [&str; 6] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-clippy",
    "rustfmt-web",
    "lld-22",
];

/// A toolchain with the standard library for [`TARGET`].
#[derive(Clone, Copy)]
pub(crate) enum WasmToolchain {
    /// The toolchain that runs this program.
    Active,
    /// The toolchain of Debian's packages, under /usr.
    Debian,
}

/// The first toolchain found or created, so that nothing is tried twice.
static FOUND: Mutex<Option<WasmToolchain>> = Mutex::new(None);

impl WasmToolchain {
    /// Finds a toolchain or creates one. Tries in order: the active one, Debian's if its library was built before, the
    /// active one with the target added by rustup, Debian's.
    pub(crate) fn ensure() -> Result<Self> {
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        match *found {
            Some(toolchain) => Ok(toolchain),
            None => Ok(*found.insert(Self::find()?)),
        }
    }

    fn find() -> Result<Self> {
        if has_library(&mut rustc(), TARGET) {
            return Ok(Self::Active);
        }
        if has_library(&mut debian_rustc(), TARGET) {
            return Ok(Self::Debian);
        }
        if rustup_adds(TARGET) {
            return Ok(Self::Active);
        }
        let debian = fs::read_to_string("/etc/os-release")
            .unwrap_or_default()
            .contains("VERSION_CODENAME=bookworm");
        if !debian {
            bail!(
                "the Rust target {TARGET} is missing; install it with: rustup target add {TARGET}"
            );
        }
        build_debian_library().context("can't build the Rust target from Debian's packages")?;
        Ok(Self::Debian)
    }

    /// Returns a command of its cargo that compiles for [`TARGET`] with the flags of all modules.
    pub(crate) fn cargo(self, verb: &str) -> Command {
        let mut cargo = match self {
            Self::Active => crate::process::cargo(),
            Self::Debian => {
                let mut cargo = Command::new("/usr/bin/cargo");
                cargo
                    .env("RUSTC", "/usr/bin/rustc")
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env_remove("CARGO");
                cargo
            }
        };
        let flags = format!("target.{TARGET}.rustflags={}", flags());
        cargo.args([verb, "--target", TARGET, "--config", &flags]);
        cargo
    }
}

/// Returns the compiler's flags as a list in TOML.
fn flags() -> String {
    // Argon2 and SHA-2 are slow without it. Every engine has it since 2023.
    let mut flags = vec!["-C".to_owned(), "target-feature=+simd128".to_owned()];
    let cargo_home = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty());
    let cargo_home = cargo_home
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    if let Some(sources) = cargo_home.and_then(|home| std::path::absolute(home).ok()) {
        // Messages of panics name the file. Without this, a published module contains the home folder of its builder.
        let sources = sources.join("registry/src");
        flags.push(format!(
            "--remap-path-prefix={}=registry",
            sources.display()
        ));
    }
    format!("{flags:?}")
}

/// Adds a target to the active toolchain, unless it is there.
pub(crate) fn ensure_target(target: &str) -> Result<()> {
    if has_library(&mut rustc(), target) || rustup_adds(target) {
        return Ok(());
    }
    bail!("the Rust target {target} is missing; install it with: rustup target add {target}")
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn debian_rustc() -> Command {
    Command::new("/usr/bin/rustc")
}

fn library_folder(rustc: &mut Command, target: &str) -> Option<PathBuf> {
    output(rustc.args(["--print", "target-libdir", "--target", target])).map(PathBuf::from)
}

fn has_library(rustc: &mut Command, target: &str) -> bool {
    let holds = |folder: &Path| {
        fs::read_dir(folder).is_ok_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
    };
    library_folder(rustc, target).is_some_and(|folder| holds(&folder))
}

fn rustup_adds(target: &str) -> bool {
    println!("xtask: adding the Rust target {target}");
    let Ok(mut child) = Command::new("rustup")
        .args(["target", "add", target])
        .spawn()
    else {
        return false;
    };
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success() && has_library(&mut rustc(), target),
            Ok(None) if started.elapsed() < RUSTUP_LIMIT => {
                std::thread::sleep(Duration::from_millis(200))
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

/// Installs Debian's packages and builds the standard library from their source into their own folder, without network.
/// The crate `sysroot` names the parts of a target's library.
fn build_debian_library() -> Result<()> {
    debian_packages(&DEBIAN_PACKAGES)?;
    let sysroot =
        output(debian_rustc().args(["--print", "sysroot"])).context("can't run /usr/bin/rustc")?;
    let host = output(debian_rustc().arg("-vV"))
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        })
        .context("the output of /usr/bin/rustc has no host")?;
    // rustc looks for its linker in its own folder, by a fixed name.
    let linkers = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin");
    if !linkers.join("rust-lld").exists() {
        as_root(["mkdir", "-p"], [linkers.as_path()])?;
        as_root(
            ["ln", "-sf"],
            [
                Path::new("/usr/lib/llvm-22/bin/lld"),
                &linkers.join("rust-lld"),
            ],
        )?;
    }

    let source =
        fs::canonicalize(Path::new(&sysroot).join("lib/rustlib/src/rust"))?.join("library");
    let built = crate::process::target().join("wasm-std");
    println!("xtask: building the standard library for {TARGET}, about two minutes");
    run(Command::new("/usr/bin/cargo")
        // Runs inside the source, so that the caller's configuration doesn't apply.
        .current_dir(&source)
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTC_WRAPPER")
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zforce-unstable-if-unmarked")
        .env("CARGO_PROFILE_DIST_DEBUG", "0")
        // A separate hash, so that its crates never clash with a program's.
        .env("__CARGO_DEFAULT_LIB_METADATA", "gatewright")
        .args([
            "build",
            "-Zavoid-dev-deps",
            "--profile",
            "dist",
            "--locked",
            "--offline",
        ])
        .args([
            "--manifest-path",
            "sysroot/Cargo.toml",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&built)
        .args(["--features", "panic-unwind backtrace compiler-builtins-mem"])
        .args(["--config", "source.crates-io.replace-with=\"vendored\""])
        .arg("--config")
        .arg(format!(
            "source.vendored.directory=\"{}\"",
            source.join("vendor").display()
        )))?;

    let library = library_folder(&mut debian_rustc(), TARGET)
        .context("/usr/bin/rustc does not support the target")?;
    as_root(["mkdir", "-p"], [library.as_path()])?;
    for file in fs::read_dir(built.join(TARGET).join("dist/deps"))? {
        let path = file?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libsysroot-") {
            as_root(["install", "-m644"], [path.as_path(), &library])?;
        }
    }
    if !has_library(&mut debian_rustc(), TARGET) {
        bail!(
            "{} has no standard library after the build",
            library.display()
        );
    }
    Ok(())
}
