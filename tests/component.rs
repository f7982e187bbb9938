//! Imports of the components: the list proves what they cannot do.

#![allow(clippy::unwrap_used, reason = "tests")]

use gatewright_tests::host::component;
use wit_component::DecodedWasm;

/// The contract between the service and a provider.
const CONTRACT: [&str; 15] = [
    "gatewright:auth/audit@0.1.0",
    "gatewright:auth/credentials@0.1.0",
    "gatewright:auth/documents@0.1.0",
    "gatewright:auth/identities@0.1.0",
    "gatewright:auth/log@0.1.0",
    "gatewright:auth/mail@0.1.0",
    "gatewright:auth/maintenance@0.1.0",
    "gatewright:auth/one-time-secrets@0.1.0",
    "gatewright:auth/rate-limits@0.1.0",
    "gatewright:auth/roles@0.1.0",
    "gatewright:auth/sessions@0.1.0",
    "gatewright:auth/settings@0.1.0",
    "gatewright:auth/signing-keys@0.1.0",
    "gatewright:auth/types@0.1.0",
    "gatewright:auth/users@0.1.0",
];
/// Every other interface that `wit/worlds.wit` allows the service to import.
const SERVICE: [&str; 6] = [
    "wasi:clocks/monotonic-clock@0.3.0",
    "wasi:clocks/system-clock@0.3.0",
    "wasi:clocks/types@0.3.0",
    "wasi:http/client@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:random/random@0.3.0",
];

/// Returns the sorted names of a component's imports and exports.
#[allow(clippy::print_stdout, reason = "the lists are what one wants to read")]
fn imports_and_exports(name: &str) -> [Vec<String>; 2] {
    let bytes = std::fs::read(component(name)).unwrap();
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes).unwrap() else {
        panic!("{name}.wasm is no component")
    };
    let world = &resolve.worlds[world];
    [("imports", &world.imports), ("exports", &world.exports)].map(|(verb, items)| {
        let mut names: Vec<_> = items
            .keys()
            .map(|key| resolve.name_world_key(key))
            .collect();
        names.sort();
        for item in &names {
            println!("{name} {verb} {item}");
        }
        names
    })
}

#[test]
fn the_service_imports_nothing_but_its_contract() {
    let [imports, exports] = imports_and_exports("service");
    let allowed = |import: &str| CONTRACT.contains(&import) || SERVICE.contains(&import);
    assert!(
        imports.iter().all(|import| allowed(import)),
        "not in the contract: {imports:?}"
    );
    assert!(imports.contains(&"gatewright:auth/users@0.1.0".to_owned()));
    assert_eq!(exports, ["wasi:http/handler@0.3.0"]);
}

#[test]
fn the_core_imports_a_clock_and_randomness() {
    let [imports, exports] = imports_and_exports("auth-core");
    assert_eq!(
        imports,
        ["wasi:clocks/system-clock@0.3.0", "wasi:random/random@0.3.0"]
    );
    assert_eq!(
        exports,
        [
            "gatewright:auth/access@0.1.0",
            "gatewright:auth/passwords@0.1.0",
            "gatewright:auth/tokens@0.1.0",
            "gatewright:auth/totp@0.1.0",
        ]
    );
}

#[test]
fn a_provider_exports_the_contract() {
    for name in ["spin-provider", "memory-provider"] {
        let [_, exports] = imports_and_exports(name);
        assert_eq!(exports, CONTRACT);
    }
}

#[test]
fn the_component_for_spin_imports_what_spin_has() {
    let [imports, exports] = imports_and_exports("gatewright-spin");
    assert_eq!(
        imports,
        [
            "spin:sqlite/sqlite@3.1.0",
            "spin:variables/variables@3.0.0",
            "wasi:cli/stderr@0.2.12",
            "wasi:clocks/monotonic-clock@0.3.0",
            "wasi:clocks/system-clock@0.3.0",
            "wasi:clocks/types@0.3.0",
            "wasi:http/client@0.3.0",
            "wasi:http/types@0.3.0",
            "wasi:io/error@0.2.12",
            "wasi:io/streams@0.2.12",
            "wasi:random/random@0.3.0",
        ]
    );
    assert_eq!(exports, ["wasi:http/handler@0.3.0"]);
}
