//! Bindings generated from `wit/`, and the type that exports the contract.

#![allow(clippy::all, reason = "generated; documented in wit/")]

spin_sdk::wit_bindgen::generate!({
    path: "../../wit",
    world: "provider",
    generate_all,
    runtime_path: "spin_sdk::wit_bindgen::rt",
});

/// The type that exports the contract.
pub(crate) struct Provider;
