//! Packs a compiled core module of WebAssembly for its host.
//!
//! - `gatewright-pack component MODULE FILE`: wraps it as a component.
//! - `gatewright-pack compose COMPONENT PROVIDER INTERFACES FILE`: composes a component with the provider of these
//!   imports.
//! - `gatewright-pack javascript MODULE FOLDER`: generates its JavaScript for a Worker, `index.js` and `index_bg.wasm`.
//! - `gatewright-pack javascript MODULE FOLDER NAME`: for the npm package, generates `NAME.js` and `NAME_bg.wasm`, also
//!   with the module as base64 in `NAME.embedded.js`, and imported with a query in `NAME.edge-light.js`.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gatewright_compose::{Provider, compose};
use wasm_bindgen_cli_support::Bindgen;
use wit_component::ComponentEncoder;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["component", module, file] => component(module, file),
        ["compose", component, provider, interfaces, file] => {
            let provider = Provider {
                component: read(provider)?,
                provides: (*interfaces).to_owned(),
            };
            write(file, &compose(read(component)?, vec![provider])?)
        }
        ["javascript", module, folder] => for_workers(module, folder),
        ["javascript", module, folder, name] => for_npm(module, folder, name),
        _ => bail!("invalid arguments; xtask/pack/src/main.rs documents them in its first lines"),
    }
}

fn component(module: &str, file: &str) -> Result<()> {
    let component = ComponentEncoder::default()
        .module(&read(module)?)
        .and_then(|encoder| encoder.validate(true).encode())
        .with_context(|| format!("can't make a component from {module}"))?;
    write(file, &component)
}

fn bindgen(module: &str) -> Bindgen {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen
}

fn for_npm(module: &str, folder: &str, name: &str) -> Result<()> {
    let folder = Path::new(folder);
    bindgen(module)
        .out_name(name)
        .web(true)?
        .omit_default_module_path(true)
        .generate(folder)?;
    let base64 = BASE64_STANDARD.encode(fs::read(folder.join(format!("{name}_bg.wasm")))?);
    let embedded = format!(
        "import {{ compile }} from \"../embedded.js\";\nexport default /* @__PURE__ */ compile(\"{base64}\");\n"
    );
    fs::write(folder.join(format!("{name}.embedded.js")), embedded)?;
    let imported = format!("export {{ default }} from \"./{name}_bg.wasm?module\";\n");
    fs::write(folder.join(format!("{name}.edge-light.js")), imported)?;
    Ok(())
}

fn for_workers(module: &str, folder: &str) -> Result<()> {
    bindgen(module)
        .out_name("index")
        .module(true)?
        .reset_state_function(true)
        .generate(folder)?;
    // Workers import a WebAssembly module directly, without the keyword of the proposal.
    let script = Path::new(folder).join("index.js");
    let text = fs::read_to_string(&script)?;
    fs::write(&script, text.replace("import source ", "import "))?;
    Ok(())
}

fn read(file: &str) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("can't read {file}"))
}

/// Unchanged files are not written, so that a host's compiled copy stays valid.
fn write(file: &str, bytes: &[u8]) -> Result<()> {
    if fs::read(file).ok().as_deref() == Some(bytes) {
        return Ok(());
    }
    fs::write(file, bytes).with_context(|| format!("can't write {file}"))
}
