//! Components and JavaScript modules: compiled for wasm32-unknown-unknown, then made by the packer what a host takes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::packages::build_pack;
use crate::process::{root, run, target};
use crate::toolchain::{TARGET, WasmToolchain};

/// Which imports of the service its provider meets.
const CONTRACT: &str = "gatewright:auth";

/// The component of that name, once built: at a place that manifests can name, wherever else things are built.
pub(crate) fn path(name: &str) -> PathBuf {
    root()
        .join("target/components")
        .join(format!("{name}.wasm"))
}

/// Crates and the names that their components have.
const SERVICE: (&str, &str) = ("gatewright-service", "service");
const SPIN: (&str, &str) = ("gatewright-spin", "spin-provider");
const CORE: (&str, &str) = ("gatewright-core", "auth-core");
const MEMORY: (&str, &str) = ("gatewright-storage-memory", "memory-provider");
const FAULTY: (&str, &str) = ("gatewright-faulty", "faulty");
/// The name of the service and its provider on Spin as one component.
const COMPOSED: &str = "gatewright-spin";
/// Crates and the folders of `target/` that hold their Workers.
const WORKER: (&str, &str) = ("gatewright-cloudflare", "cloudflare");
const WORKER_KIT: (&str, &str) = ("gatewright-worker-kit", "worker-kit");

/// What the modules of the npm package have of their own in the profile of all modules.
const JAVASCRIPT: &str = "packages/verify/profile.toml";

/// The npm package, as it is published, once built.
pub(crate) fn js() -> PathBuf {
    root().join("target/js")
}

/// The modules of the npm package: name, crate, and what cargo is told besides.
const JS_MODULES: [(&str, &str, &[&str]); 3] = [
    ("verify", "gatewright-js-verify", &[]),
    ("slim", "gatewright-js-verify", &["--no-default-features"]),
    ("crypto", "gatewright-js-crypto", &[]),
];

/// What is compiled to WebAssembly, and made into what a host takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Module {
    /// The service, which the native host runs.
    Service,
    /// The service and its provider on Spin, each and as one component.
    Spin,
    /// The core alone.
    Core,
    /// A provider in memory.
    Memory,
    /// A service that fails in every way, for tests.
    Faulty,
    /// The Worker.
    Worker,
    /// A Worker that gives its storage to tests.
    WorkerKit,
    /// The npm package.
    Js,
}

impl Module {
    /// All that the tests need.
    pub(crate) const ALL: [Self; 8] = [
        Self::Service,
        Self::Spin,
        Self::Core,
        Self::Memory,
        Self::Faulty,
        Self::Worker,
        Self::WorkerKit,
        Self::Js,
    ];

    /// The crates of components.
    fn components(self) -> &'static [&'static str] {
        match self {
            Self::Service => &[SERVICE.0],
            Self::Spin => &[SERVICE.0, SPIN.0],
            Self::Core => &[CORE.0],
            Self::Memory => &[MEMORY.0],
            Self::Faulty => &[FAULTY.0],
            Self::Worker | Self::WorkerKit | Self::Js => &[],
        }
    }

    /// The crate of a Worker.
    fn worker(self) -> Option<&'static str> {
        match self {
            Self::Worker => Some(WORKER.0),
            Self::WorkerKit => Some(WORKER_KIT.0),
            _ => None,
        }
    }
}

/// Compiles modules. Those that can be compiled together are, so that no core is idle while one is linked.
pub(crate) fn compile(modules: &[Module]) -> Result<()> {
    let components = modules.iter().flat_map(|module| module.components());
    compile_crates(components.copied().collect())?;
    compile_crates(
        modules
            .iter()
            .filter_map(|module| module.worker())
            .collect(),
    )?;
    if modules.contains(&Module::Js) {
        for (_, package, options) in JS_MODULES {
            compile_js(package, options)?;
        }
    }
    Ok(())
}

/// Makes of compiled modules what hosts take.
pub(crate) fn pack(modules: &[Module]) -> Result<()> {
    let pack = build_pack()?;
    for module in modules {
        match module {
            Module::Service => wrap(&pack, SERVICE),
            Module::Spin => wrap_spin(&pack),
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

/// Compiles and packs one. Returns the file or folder.
pub(crate) fn build(module: Module) -> Result<PathBuf> {
    compile(&[module])?;
    pack(&[module])?;
    Ok(match module {
        Module::Service => path(SERVICE.1),
        Module::Spin => path(COMPOSED),
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
    // As text, as the order of conditions in it has a meaning.
    let manifest = folder.join("package.json");
    let version = format!("{{\n  \"version\": \"{}\",\n", env!("CARGO_PKG_VERSION"));
    let text = std::fs::read_to_string(&manifest)?.replacen("{\n", &version, 1);
    std::fs::write(&manifest, text)?;
    Ok(folder)
}

/// Makes a component of a crate's module. Unchanged bytes keep their file, so that what was compiled from it stays fresh.
fn wrap(pack: &Path, (package, name): (&str, &str)) -> Result<PathBuf> {
    let path = path(name);
    std::fs::create_dir_all(path.parent().context("a component has a folder")?)?;
    let module = module(package);
    run(Command::new(pack).arg("component").args([&module, &path]))?;
    Ok(path)
}

fn wrap_spin(pack: &Path) -> Result<PathBuf> {
    let (service, provider) = (wrap(pack, SERVICE)?, wrap(pack, SPIN)?);
    let composed = path(COMPOSED);
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

/// Makes the folder of a Worker of a crate's module.
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

/// Profile of all modules.
const WASM: &str = "wasm";

/// Compiles crates as core modules.
fn compile_crates(packages: BTreeSet<&str>) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let mut build = WasmToolchain::ensure()?.cargo();
    build
        .current_dir(root())
        .args(["build", "--locked", "--profile", WASM])
        .args(["--target", TARGET]);
    for package in packages {
        build.args(["--package", package]);
    }
    run(&mut build)
}

/// Compiles a module of the npm package. Returns it.
fn compile_js(package: &str, options: &[&str]) -> Result<PathBuf> {
    let mut build = WasmToolchain::ensure()?.cargo();
    run(build
        .current_dir(root())
        .args(["build", "--locked", "--profile", WASM])
        .args(["--config", JAVASCRIPT])
        .args(["--target", TARGET, "--package", package])
        .args(options)
        // Smaller, and SHA-256 is faster; every engine of JavaScript has it since 2023.
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            "-C target-feature=+simd128",
        ))?;
    Ok(module(package))
}

/// A crate's core module, once compiled.
fn module(package: &str) -> PathBuf {
    target()
        .join(TARGET)
        .join(WASM)
        .join(format!("{}.wasm", package.replace('-', "_")))
}
