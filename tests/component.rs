//! What the service component can reach: the list of its imports is a proof of what it cannot do.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use gatewright_tests::host::component;
use wit_component::DecodedWasm;

/// Every interface that `wit/worlds.wit` allows the service.
const ALLOWED: [&str; 9] = [
    "gatewright:auth/log@0.1.0",
    "gatewright:auth/mail@0.1.0",
    "gatewright:auth/settings@0.1.0",
    "gatewright:auth/storage@0.1.0",
    "wasi:clocks/system-clock@0.3.0",
    "wasi:clocks/types@0.3.0",
    "wasi:http/client@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:random/random@0.3.0",
];

#[test]
#[allow(clippy::print_stdout, reason = "the list is what one wants to read")]
fn the_service_imports_nothing_but_its_contract() {
    let bytes = std::fs::read(component("service")).unwrap();
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes).unwrap() else {
        panic!("service.wasm is no component")
    };
    let world = &resolve.worlds[world];
    let imports: BTreeSet<_> = world
        .imports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    for import in &imports {
        println!("imports {import}");
    }
    let others: Vec<_> = imports
        .iter()
        .filter(|import| !ALLOWED.contains(&import.as_str()))
        .collect();
    assert!(others.is_empty(), "not in the contract: {others:?}");
    assert!(imports.contains("gatewright:auth/storage@0.1.0"));
    let exports: Vec<_> = world
        .exports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    assert_eq!(exports, ["wasi:http/handler@0.3.0"]);
}
