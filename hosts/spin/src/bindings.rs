//! Bindings generated from `wit/`, and what exports the contract.

#![allow(clippy::all, reason = "generated; documented in wit/")]

spin_sdk::wit_bindgen::generate!({
    path: "../../wit",
    world: "provider",
    generate_all,
    runtime_path: "spin_sdk::wit_bindgen::rt",
});

/// What exports the contract.
pub(crate) struct Provider;
