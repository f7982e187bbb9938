//! Nothing: only the dependencies of this crate matter, see `Cargo.toml`.

#![forbid(unsafe_code)]
