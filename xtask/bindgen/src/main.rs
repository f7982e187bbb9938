//! Makes `index.js` and `index_bg.wasm` of a module: `gatewright-bindgen MODULE FOLDER`.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: gatewright-bindgen MODULE FOLDER";
    let module = arguments.next().context(usage)?;
    let folder = arguments.next().context(usage)?;
    Bindgen::new()
        .input_path(module)
        .out_name("index")
        .module(true)?
        .reset_state_function(true)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&folder)?;
    // Workers import a module of WebAssembly as it is, without the keyword of the proposal.
    let script = folder.join("index.js");
    let text = std::fs::read_to_string(&script)?;
    std::fs::write(&script, text.replace("import source ", "import "))?;
    Ok(())
}
