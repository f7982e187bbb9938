//! The storage contract in Rust: the records of `wit/`, and one trait for each of its nouns.
//!
//! `cargo xtask generate` writes everything in `generated/` from `wit/`; change it there. [`Storage`] combines all
//! traits. [`mirror_storage!`] and [`storage_functions!`] pass records and calls across the boundary of a component.
//!
//! To add a function, add it to the interface of its noun in `wit/`, run `cargo xtask generate`, and implement it in
//! each storage: the compiler lists the missing implementations.

#![forbid(unsafe_code)]

#[macro_use]
mod generated;

mod bridge;
mod cursor;
mod either;
mod standing;
mod time;

pub use bridge::Mirror;
pub use cursor::Cursor;
pub use either::Either;
pub use generated::*;
pub use time::Timestamp;
