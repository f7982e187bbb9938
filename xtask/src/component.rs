//! Components and JavaScript modules: compiled for wasm32-unknown-unknown, then packed for their hosts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::packages::build_pack;
use crate::process::{root, run, target};
use crate::toolchain::{TARGET, WasmToolchain};

/// The namespace of the service's imports that its provider implements.
const CONTRACT: &str = "gatewright:auth";

/// Returns the path of the component with this name: a fixed place that manifests can name, wherever the target folder
/// is.
pub(crate) fn path(name: &str) -> PathBuf {
    root()
        .join("target/components")
        .join(format!("{name}.wasm"))
}

/// Crates and the names of their components.
const SERVICE: (&str, &str) = ("gatewright-service", "service");
const SPIN: (&str, &str) = ("gatewright-spin", "spin-provider");
/// The provider on PostgreSQL: the same crate, with a feature. Its module is a copy with a name of its own.
const SPIN_POSTGRES: (&str, &str) = ("gatewright-spin-postgres", "spin-postgres-provider");
const POSTGRES_FEATURE: &str = "gatewright-spin/postgres";
const CORE: (&str, &str) = ("gatewright-core", "auth-core");
const MEMORY: (&str, &str) = ("gatewright-memory", "memory-provider");
const FAULTY: (&str, &str) = ("gatewright-faulty", "faulty");
/// The names of the service composed with each provider on Spin.
const COMPOSED: &str = "gatewright-spin";
const COMPOSED_POSTGRES: &str = "gatewright-spin-postgres";
/// Crates and the folders of their Workers in `target/`.
const WORKER: (&str, &str) = ("gatewright-cloudflare", "cloudflare");
const WORKER_KIT: (&str, &str) = ("gatewright-worker-kit", "worker-kit");

/// The crate that enables the same features in every build, so that components and Workers share dependencies.
const FEATURES: &str = "gatewright-features";

/// Overrides of the profile of all modules for the npm package's modules.
const JAVASCRIPT: &str = "packages/verify/profile.toml";

/// Returns the folder of the built npm package, as published.
pub(crate) fn js() -> PathBuf {
    root().join("target/js")
}

/// The modules of the npm package: name, crate and further arguments for cargo.
const JS_MODULES: [(&str, &str, &[&str]); 3] = [
    ("verify", "gatewright-js-verify", &[]),
    ("slim", "gatewright-js-verify", &["--no-default-features"]),
    ("crypto", "gatewright-js-crypto", &[]),
];

/// A product that is compiled to WebAssembly and packed for a host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Module {
    /// The service, which the native host runs.
    Service,
    /// The service and its provider on Spin, separately and as one component.
    Spin,
    /// The same with the provider on PostgreSQL.
    SpinPostgres,
    /// Only the core.
    Core,
    /// A storage provider in memory.
    Memory,
    /// A service that fails in every way, for tests.
    Faulty,
    /// The Worker.
    Worker,
    /// A Worker that exposes its storage to tests.
    WorkerKit,
    /// The npm package.
    Js,
}

impl Module {
    /// All modules that the tests need.
    pub(crate) const ALL: [Self; 9] = [
        Self::Service,
        Self::Spin,
        Self::SpinPostgres,
        Self::Core,
        Self::Memory,
        Self::Faulty,
        Self::Worker,
        Self::WorkerKit,
        Self::Js,
    ];

    /// Returns the crates of its components.
    fn components(self) -> &'static [&'static str] {
        match self {
            Self::Service => &[SERVICE.0],
            Self::Spin | Self::SpinPostgres => &[SERVICE.0, SPIN.0],
            Self::Core => &[CORE.0],
            Self::Memory => &[MEMORY.0],
            Self::Faulty => &[FAULTY.0],
            Self::Worker | Self::WorkerKit | Self::Js => &[],
        }
    }

    /// Returns the crate of its Worker.
    fn worker(self) -> Option<&'static str> {
        match self {
            Self::Worker => Some(WORKER.0),
            Self::WorkerKit => Some(WORKER_KIT.0),
            _ => None,
        }
    }
}

/// Crates that one run of cargo compiles, with a feature of one of them.
type Selected = (BTreeSet<&'static str>, Option<&'static str>);

/// Returns what to compile for modules: as many crates as possible in one run of cargo, so that no core is idle while one
/// is linked.
fn selected(modules: &[Module]) -> Vec<Selected> {
    let components = modules.iter().flat_map(|module| module.components());
    let components: BTreeSet<_> = components.copied().collect();
    let mut selected = Vec::new();
    if modules.contains(&Module::SpinPostgres) {
        // With the same crates, so that their dependencies are compiled once.
        selected.push((components.clone(), Some(POSTGRES_FEATURE)));
    }
    if modules.iter().any(|module| *module != Module::SpinPostgres) {
        selected.push((components, None));
    }
    let workers = modules.iter().filter_map(|module| module.worker());
    selected.push((workers.collect(), None));
    selected.retain(|(packages, _)| !packages.is_empty());
    selected
}

/// Compiles modules.
pub(crate) fn compile(modules: &[Module]) -> Result<()> {
    for crates in selected(modules) {
        run(&mut cargo_for("build", &crates)?)?;
        if crates.1.is_some() {
            std::fs::copy(module(SPIN.0), module(SPIN_POSTGRES.0))?;
        }
    }
    if modules.contains(&Module::Js) {
        for (_, package, options) in JS_MODULES {
            compile_js(package, options)?;
        }
    }
    Ok(())
}

/// Runs clippy on everything that is compiled for WebAssembly, in one selection, so that dependencies are checked once.
pub(crate) fn lint() -> Result<()> {
    let compiled = selected(&Module::ALL)
        .into_iter()
        .flat_map(|(packages, _)| packages);
    let packages: BTreeSet<_> = compiled
        .chain(JS_MODULES.map(|(_, package, _)| package))
        .collect();
    for feature in [None, Some(POSTGRES_FEATURE)] {
        let mut clippy = cargo_for("clippy", &(packages.clone(), feature))?;
        run(clippy.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// Packs compiled modules for their hosts.
pub(crate) fn pack(modules: &[Module]) -> Result<()> {
    let pack = build_pack()?;
    for module in modules {
        match module {
            Module::Service => wrap(&pack, SERVICE),
            Module::Spin => wrap_spin(&pack, SPIN, COMPOSED),
            Module::SpinPostgres => wrap_spin(&pack, SPIN_POSTGRES, COMPOSED_POSTGRES),
            Module::Core => wrap(&pack, CORE),
            Module::Memory => wrap(&pack, MEMORY),
            Module::Faulty => wrap(&pack, FAULTY),
            Module::Worker => bind_worker(&pack, WORKER),
            Module::WorkerKit => bind_worker(&pack, WORKER_KIT),
            Module::Js => assemble_js(&pack),
        }?;
    }
    Ok(())
}

/// Compiles and packs a module. Returns the file or folder.
pub(crate) fn build(module: Module) -> Result<PathBuf> {
    compile(&[module])?;
    pack(&[module])?;
    Ok(match module {
        Module::Service => path(SERVICE.1),
        Module::Spin => path(COMPOSED),
        Module::SpinPostgres => path(COMPOSED_POSTGRES),
        Module::Core => path(CORE.1),
        Module::Memory => path(MEMORY.1),
        Module::Faulty => path(FAULTY.1),
        Module::Worker => worker_folder(WORKER.1),
        Module::WorkerKit => worker_folder(WORKER_KIT.1),
        Module::Js => js(),
    })
}

fn assemble_js(pack: &Path) -> Result<PathBuf> {
    let folder = js();
    let _ = std::fs::remove_dir_all(&folder);
    let modules = folder.join("wasm");
    std::fs::create_dir_all(&modules)?;
    for (name, package, options) in JS_MODULES {
        let module = compile_js(package, options)?;
        run(Command::new(pack)
            .arg("javascript")
            .args([&module, &modules])
            .arg(name))?;
    }
    let source = root().join("packages/verify");
    for file in std::fs::read_dir(source.join("src"))? {
        let file = file?;
        std::fs::copy(file.path(), folder.join(file.file_name()))?;
    }
    std::fs::copy(source.join("README.md"), folder.join("README.md"))?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        std::fs::copy(root().join(licence), folder.join(licence))?;
    }
    // Edited as text, because the order of its conditions matters.
    let manifest = folder.join("package.json");
    let version = format!("{{\n  \"version\": \"{}\",\n", env!("CARGO_PKG_VERSION"));
    let text = std::fs::read_to_string(&manifest)?.replacen("{\n", &version, 1);
    std::fs::write(&manifest, text)?;
    Ok(folder)
}

/// Wraps a crate's module as a component. An unchanged file is not written, so that a host's compiled copy stays valid.
fn wrap(pack: &Path, (package, name): (&str, &str)) -> Result<PathBuf> {
    let path = path(name);
    std::fs::create_dir_all(path.parent().context("a component has a folder")?)?;
    let module = module(package);
    run(Command::new(pack).arg("component").args([&module, &path]))?;
    Ok(path)
}

fn wrap_spin(pack: &Path, provider: (&str, &str), composed: &str) -> Result<PathBuf> {
    let (service, provider) = (wrap(pack, SERVICE)?, wrap(pack, provider)?);
    let composed = path(composed);
    run(Command::new(pack)
        .arg("compose")
        .args([&service, &provider])
        .arg(CONTRACT)
        .arg(&composed))?;
    Ok(composed)
}

fn worker_folder(name: &str) -> PathBuf {
    root().join("target").join(name)
}

/// Creates the folder of a Worker from a crate's module.
fn bind_worker(pack: &Path, (package, name): (&str, &str)) -> Result<PathBuf> {
    let folder = worker_folder(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("migrations"))?;
    run(Command::new(pack)
        .arg("javascript")
        .args([&module(package), &folder]))?;
    let source = root().join("hosts/cloudflare");
    let migrations = std::fs::read_dir(source.join("migrations"))?
        .map(|file| Ok(PathBuf::from("migrations").join(file?.file_name())))
        .collect::<Result<Vec<_>>>()?;
    for file in ["worker.js", "wrangler.toml"]
        .map(PathBuf::from)
        .iter()
        .chain(&migrations)
    {
        std::fs::copy(source.join(file), folder.join(file))
            .with_context(|| format!("can't copy {}", file.display()))?;
    }
    Ok(folder)
}

/// The profile of all modules.
const WASM: &str = "wasm";

/// Returns a run of cargo for crates, which enables the same features in all runs.
fn cargo_for(verb: &str, (packages, feature): &Selected) -> Result<Command> {
    let mut cargo = wasm_cargo(verb)?;
    cargo.args(["--package", FEATURES]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    if let Some(feature) = feature {
        cargo.args(["--features", feature]);
    }
    Ok(cargo)
}

fn wasm_cargo(verb: &str) -> Result<Command> {
    let mut cargo = WasmToolchain::ensure()?.cargo(verb);
    cargo
        .current_dir(root())
        .args(["--locked", "--profile", WASM]);
    Ok(cargo)
}

/// Compiles a module of the npm package. Returns its path.
fn compile_js(package: &str, options: &[&str]) -> Result<PathBuf> {
    run(wasm_cargo("build")?
        .args(["--config", JAVASCRIPT, "--package", package])
        .args(options))?;
    Ok(module(package))
}

/// Runs a crate's tests as WebAssembly, by this program and its arguments.
pub(crate) fn test(package: &str, runner: &[&str]) -> Result<()> {
    run(wasm_cargo("test")?
        .args(["--package", package])
        .args(["--lib", "--tests", "--config"])
        .arg(format!("target.{TARGET}.runner = {runner:?}")))
}

/// Returns the path of a crate's compiled core module.
fn module(package: &str) -> PathBuf {
    target()
        .join(TARGET)
        .join(WASM)
        .join(format!("{}.wasm", package.replace('-', "_")))
}
