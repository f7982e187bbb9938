//! Tests that `crates/storage/src/generated` agrees with `wit/`. The test is here, not in that crate, so that it also
//! runs while the crate does not compile. `cargo xtask generate` runs it to write the files; otherwise it compares
//! them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod bridge;
mod contract;
mod records;
mod traits;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use contract::{Contract, HEADER, Noun};

#[test]
fn the_generated_files_are_those_of_the_contract() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = Contract::read(&package.join("../../wit"));
    let wanted = files(&contract);
    let folder = package.join("../../crates/storage/src/generated");
    if std::env::var_os("GATEWRIGHT_UPDATE").is_some() {
        for name in written(&folder).into_keys() {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        for (name, text) in &wanted {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let written = written(&folder);
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&written),
        names(&wanted),
        "run `cargo xtask generate`"
    );
    for (name, text) in wanted {
        let current = written[&name] == text;
        assert!(current, "{name} is out of date: run `cargo xtask generate`");
    }
}

/// Returns the names and texts of the files in a folder.
fn written(folder: &Path) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(file.path()).unwrap())
    });
    files.collect()
}

/// Returns the names and texts that the contract requires.
fn files(contract: &Contract) -> BTreeMap<String, String> {
    let of_noun = |noun: &Noun| (format!("{}.rs", noun.module()), of_noun(contract, noun));
    let mut files: BTreeMap<_, _> = contract.nouns.iter().map(of_noun).collect();
    files.insert("mod.rs".to_owned(), root(contract));
    files.insert("bridge.rs".to_owned(), bridge::write(contract));
    files
}

/// Returns the records and the trait of a noun.
fn of_noun(contract: &Contract, noun: &Noun) -> String {
    let mut code = String::new();
    records::write(contract, noun, &mut code);
    traits::write(noun, &mut code);
    let mut text = String::new();
    for line in noun.docs.lines() {
        let _ = writeln!(text, "{}", format!("//! {line}").trim_end());
    }
    let _ = writeln!(text, "//!\n//! {HEADER}\n");
    for line in contract.imports(noun) {
        let _ = writeln!(text, "{line}");
    }
    text + &code
}

/// Returns the root module: its submodules and the trait of all storage.
fn root(contract: &Contract) -> String {
    let mut text = format!(
        "//! The storage contract. {HEADER}\n\n#[macro_use]\n#[rustfmt::skip]\nmod bridge;\n"
    );
    let mut modules: Vec<_> = contract.nouns.iter().map(Noun::module).collect();
    modules.sort();
    for module in &modules {
        let _ = writeln!(text, "#[rustfmt::skip]\nmod {module};");
    }
    text.push('\n');
    for module in &modules {
        let _ = writeln!(text, "pub use {module}::*;");
    }
    traits::write_all(contract, &mut text);
    text
}
