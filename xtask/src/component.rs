//! Components: compiled for wasm32-unknown-unknown, then wrapped by wit-component.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gatewright_compose::{Provider, compose};
use wit_component::ComponentEncoder;

use crate::process::{cargo, root, run, target};
use crate::toolchain::WasmToolchain;

/// Target of every component: it brings no imports of its own.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The component of that name, once built: at a place that manifests can name, wherever else things are built.
pub(crate) fn path(name: &str) -> PathBuf {
    root()
        .join("target/components")
        .join(format!("{name}.wasm"))
}

/// Builds what the native host serves.
pub(crate) fn build_service() -> Result<PathBuf> {
    build(&WasmToolchain::ensure()?, "gatewright-service", "service")
}

/// Builds what Spin serves: the service, its provider on Spin, and the two as one component.
pub(crate) fn build_spin() -> Result<PathBuf> {
    let service = build_service()?;
    let provider = build(
        &WasmToolchain::ensure()?,
        "gatewright-spin",
        "spin-provider",
    )?;
    let provider = Provider {
        component: read(&provider)?,
        provides: "gatewright:auth".to_owned(),
    };
    let composed = compose(read(&service)?, vec![provider])?;
    write("gatewright-spin", &composed)
}

/// Builds the core alone.
pub(crate) fn build_core() -> Result<PathBuf> {
    build(&WasmToolchain::ensure()?, "gatewright-core", "auth-core")
}

/// Builds the folder that is deployed to Cloudflare: the Worker, its configuration and its migrations.
pub(crate) fn build_cloudflare() -> Result<PathBuf> {
    build_worker("gatewright-cloudflare", "cloudflare")
}

/// Builds a crate as a Worker, in a folder of `target/`.
fn build_worker(package: &str, name: &str) -> Result<PathBuf> {
    let module = build_module(&WasmToolchain::ensure()?, package, "wasm", &[])?;
    let folder = root().join("target").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("migrations"))?;
    bind(&module, &folder, None)?;
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

/// Builds the npm package: its scripts and declarations, the modules, and the workspace's version in its manifest.
pub(crate) fn build_js() -> Result<PathBuf> {
    let toolchain = WasmToolchain::ensure()?;
    let folder = js();
    let _ = std::fs::remove_dir_all(&folder);
    let modules = folder.join("wasm");
    std::fs::create_dir_all(&modules)?;
    for (name, package, options) in JS_MODULES {
        let module = build_module(&toolchain, package, JAVASCRIPT, options)?;
        bind(&module, &modules, Some(name))?;
        let base64 = BASE64_STANDARD.encode(read(&modules.join(format!("{name}_bg.wasm")))?);
        let embedded = format!(
            "import {{ compile }} from \"../embedded.js\";\nexport default /* @__PURE__ */ compile(\"{base64}\");\n"
        );
        std::fs::write(modules.join(format!("{name}.embedded.js")), embedded)?;
        let imported = format!("export {{ default }} from \"./{name}_bg.wasm?module\";\n");
        std::fs::write(modules.join(format!("{name}.edge-light.js")), imported)?;
    }
    let source = root().join("hosts/js");
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

/// Builds what the tests need besides the service: Spin's, the core alone, the Worker and the one for the contract kit, the
/// example of a provider, and a component that misbehaves.
pub(crate) fn build_for_tests() -> Result<()> {
    build_spin()?;
    build_core()?;
    let toolchain = WasmToolchain::ensure()?;
    build(&toolchain, "gatewright-memory-provider", "memory-provider")?;
    build(&toolchain, "gatewright-faulty", "faulty")?;
    build_cloudflare()?;
    build_worker("gatewright-worker-kit", "worker-kit")?;
    build_js()?;
    Ok(())
}

/// Builds a crate as the component `name`.
pub(crate) fn build(toolchain: &WasmToolchain, package: &str, name: &str) -> Result<PathBuf> {
    let module = build_module(toolchain, package, "wasm", &[])?;
    let component = ComponentEncoder::default()
        .module(&read(&module)?)
        .and_then(|encoder| encoder.validate(true).encode())
        .with_context(|| format!("{package} does not make a component"))?;
    write(name, &component)
}

/// Builds a crate as a core module in a profile.
fn build_module(
    toolchain: &WasmToolchain,
    package: &str,
    profile: &str,
    options: &[&str],
) -> Result<PathBuf> {
    let mut build = toolchain.cargo();
    build
        .current_dir(root())
        .args(["build", "--locked", "--profile", profile])
        .args(["--target", TARGET, "--package", package])
        .args(options);
    if profile == JAVASCRIPT {
        // Smaller, and SHA-256 is faster; every engine of JavaScript has it since 2023.
        let flags = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";
        build.env(flags, "-C target-feature=+simd128");
    }
    run(&mut build)?;
    Ok(target()
        .join(TARGET)
        .join(profile)
        .join(format!("{}.wasm", package.replace('-', "_"))))
}

/// Makes the JavaScript of a module: that of a Worker, or of this name for who loads the module himself.
fn bind(module: &Path, folder: &Path, name: Option<&str>) -> Result<()> {
    run(cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "--release",
            "--package",
            "gatewright-bindgen",
            "--",
        ])
        .args([module, folder])
        .args(name))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("can't read {}", path.display()))
}

/// Puts a component where components are. Unchanged bytes keep their file, so that what was compiled from it stays
/// fresh.
fn write(name: &str, component: &[u8]) -> Result<PathBuf> {
    let path = path(name);
    std::fs::create_dir_all(path.parent().context("a component has a folder")?)?;
    if std::fs::read(&path).ok().as_deref() != Some(component) {
        std::fs::write(&path, component)?;
    }
    Ok(path)
}
