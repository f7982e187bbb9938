//! The core alone as a component, the world `core` of `wit/`: passwords, tokens, second factors and access, for hosts in
//! any language. It imports a clock and randomness, and nothing else.
//!
//! Whatever it is given, it answers or refuses: an instance serves any number of calls, and keeps between them the keys
//! that it read last and the memory of password hashes, wiped.

// Generated bindings speak the component model's ABI, which is raw pointers.
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

/// What exports the interfaces.
struct Core;

bindings::export!(Core with_types_in bindings);

/// The host's time.
fn now() -> Timestamp {
    let now = system_clock::now();
    Timestamp::from_unix(now.seconds, now.nanoseconds)
}

/// Random bytes of the host's, whole words at a time: unlike a list of bytes these can't come short.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&random::get_random_u64().to_le_bytes()[..chunk.len()]);
    }
    bytes
}
