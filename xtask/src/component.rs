//! Components and JavaScript modules: compiled for wasm32-unknown-unknown, then made by the packer what a host takes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::host::Host;
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

/// Builds what the native host serves.
pub(crate) fn build_service() -> Result<PathBuf> {
    compile(&["gatewright-service"])?;
    wrap(&build_pack()?, SERVICE)
}

/// Builds what Spin serves: the service, its provider on Spin, and the two as one component.
pub(crate) fn build_spin() -> Result<PathBuf> {
    compile(&["gatewright-service", "gatewright-spin"])?;
    wrap_spin(&build_pack()?)
}

/// Builds the core alone.
pub(crate) fn build_core() -> Result<PathBuf> {
    compile(&["gatewright-core"])?;
    wrap(&build_pack()?, CORE)
}

/// Builds the folder that is deployed to Cloudflare: the Worker, its configuration and its migrations.
pub(crate) fn build_cloudflare() -> Result<PathBuf> {
    compile(&[WORKER.0])?;
    bind_worker(&build_pack()?, WORKER)
}

/// Crates and the names that their components have.
const SERVICE: (&str, &str) = ("gatewright-service", "service");
const SPIN: (&str, &str) = ("gatewright-spin", "spin-provider");
const CORE: (&str, &str) = ("gatewright-core", "auth-core");
const MEMORY: (&str, &str) = ("gatewright-storage-memory", "memory-provider");
const FAULTY: (&str, &str) = ("gatewright-faulty", "faulty");
/// Crates and the folders of `target/` that hold their Workers.
const WORKER: (&str, &str) = ("gatewright-cloudflare", "cloudflare");
const WORKER_KIT: (&str, &str) = ("gatewright-worker-kit", "worker-kit");

/// Profile of the modules of the npm package.
const JAVASCRIPT: &str = "javascript";

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

/// Compiles every module that the tests need. Those that can be compiled together are, so that no core is idle while a
/// module is linked.
pub(crate) fn compile_for_tests() -> Result<()> {
    compile(&[SERVICE, SPIN, CORE, MEMORY, FAULTY].map(|(package, _)| package))?;
    compile(&[WORKER, WORKER_KIT].map(|(package, _)| package))?;
    JS_MODULES
        .iter()
        .try_for_each(|(_, package, options)| compile_js(package, options).map(drop))
}

/// Compiles what one host's scenarios need.
pub(crate) fn compile_for(host: Host) -> Result<()> {
    match host {
        Host::Native => compile(&[SERVICE.0]),
        Host::Spin => compile(&[SERVICE.0, SPIN.0]),
        Host::Cloudflare => compile(&[WORKER.0]),
    }
}

/// Makes of the compiled modules what one host's scenarios need.
pub(crate) fn pack_for(host: Host) -> Result<()> {
    let pack = build_pack()?;
    match host {
        Host::Native => wrap(&pack, SERVICE),
        Host::Spin => wrap_spin(&pack),
        Host::Cloudflare => bind_worker(&pack, WORKER),
    }
    .map(drop)
}

/// Makes of the compiled modules what the tests need.
pub(crate) fn pack_for_tests() -> Result<()> {
    let pack = build_pack()?;
    wrap_spin(&pack)?;
    for component in [CORE, MEMORY, FAULTY] {
        wrap(&pack, component)?;
    }
    bind_worker(&pack, WORKER)?;
    bind_worker(&pack, WORKER_KIT)?;
    assemble_js(&pack).map(drop)
}

/// Builds the npm package: its scripts and declarations, the modules, and the workspace's version in its manifest.
pub(crate) fn build_js() -> Result<PathBuf> {
    assemble_js(&build_pack()?)
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
    let module = module(package, WASM);
    run(Command::new(pack).arg("component").args([&module, &path]))?;
    Ok(path)
}

fn wrap_spin(pack: &Path) -> Result<PathBuf> {
    let (service, provider) = (wrap(pack, SERVICE)?, wrap(pack, SPIN)?);
    let composed = path("gatewright-spin");
    run(Command::new(pack)
        .arg("compose")
        .args([&service, &provider])
        .arg(CONTRACT)
        .arg(&composed))?;
    Ok(composed)
}

/// Makes the folder of a Worker of a crate's module.
fn bind_worker(pack: &Path, (package, name): (&str, &str)) -> Result<PathBuf> {
    let folder = root().join("target").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("migrations"))?;
    run(Command::new(pack)
        .arg("javascript")
        .args([&module(package, WASM), &folder]))?;
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

/// Profile of everything else.
const WASM: &str = "wasm";

/// Compiles crates as core modules.
fn compile(packages: &[&str]) -> Result<()> {
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
        .args(["build", "--locked", "--profile", JAVASCRIPT])
        .args(["--target", TARGET, "--package", package])
        .args(options)
        // Smaller, and SHA-256 is faster; every engine of JavaScript has it since 2023.
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            "-C target-feature=+simd128",
        ))?;
    Ok(module(package, JAVASCRIPT))
}

/// A crate's core module, once compiled.
fn module(package: &str, profile: &str) -> PathBuf {
    target()
        .join(TARGET)
        .join(profile)
        .join(format!("{}.wasm", package.replace('-', "_")))
}
