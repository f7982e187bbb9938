//! The core as a component, the world `core` of `wit/`: passwords, tokens, second factors and access, for hosts in any
//! language. It imports only a clock and randomness.
//!
//! Every input gets a result or a refusal, so an instance serves any number of calls. Between calls it keeps the keys
//! that it read last, and the wiped memory of password hashes.

// Generated bindings use the component model's ABI, which passes raw pointers.
#![allow(unsafe_code, reason = "generated bindings")]
#![cfg(target_family = "wasm")]

mod access;
mod passwords;
mod tokens;
mod totp;

use auth_core::Timestamp;

use crate::bindings::wasi::clocks::system_clock;
use crate::bindings::wasi::random::random;

/// Bindings generated from `wit/`.
#[allow(clippy::all, reason = "generated; documented in wit/")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "core",
        generate_all,
    });
}

/// The type that exports the interfaces.
struct Core;

bindings::export!(Core with_types_in bindings);

/// Returns the host's time.
fn now() -> Timestamp {
    let now = system_clock::now();
    Timestamp::from_unix(now.seconds, now.nanoseconds)
}

/// Returns random bytes from the host, drawn as whole words. Unlike a list of bytes, a word can't be too short.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&random::get_random_u64().to_le_bytes()[..chunk.len()]);
    }
    bytes
}
