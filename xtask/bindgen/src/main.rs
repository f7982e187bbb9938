//! Makes JavaScript of a module: `gatewright-bindgen MODULE FOLDER` for a Worker, `index.js` and `index_bg.wasm`;
//! `gatewright-bindgen MODULE FOLDER NAME` for who loads the module himself, `NAME.js` and `NAME_bg.wasm`.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: gatewright-bindgen MODULE FOLDER [NAME]";
    let module = PathBuf::from(arguments.next().context(usage)?);
    let folder = PathBuf::from(arguments.next().context(usage)?);
    let name = arguments.next();
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    if let Some(name) = name {
        let name = name.to_str().context(usage)?;
        return bindgen
            .out_name(name)
            .web(true)?
            .omit_default_module_path(true)
            .generate(&folder);
    }
    bindgen
        .out_name("index")
        .module(true)?
        .reset_state_function(true)
        .generate(&folder)?;
    // Workers import a module of WebAssembly as it is, without the keyword of the proposal.
    let script = folder.join("index.js");
    let text = std::fs::read_to_string(&script)?;
    std::fs::write(&script, text.replace("import source ", "import "))?;
    Ok(())
}
