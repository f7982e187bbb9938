//! Bindings generated from `wit/`.

#![allow(clippy::all, reason = "generated; documented in wit/")]

wasip3::wit_bindgen::generate!({
    path: "../../wit",
    world: "service",
    with: {
        "wasi:clocks/monotonic-clock@0.3.0": wasip3::clocks::monotonic_clock,
        "wasi:clocks/system-clock@0.3.0": wasip3::clocks::system_clock,
        "wasi:clocks/types@0.3.0": wasip3::clocks::types,
        "wasi:http/client@0.3.0": wasip3::http::client,
        "wasi:http/types@0.3.0": wasip3::http::types,
        "wasi:random/random@0.3.0": wasip3::random::random,
    },
    generate_all,
    runtime_path: "wasip3::wit_bindgen::rt",
});
