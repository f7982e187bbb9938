//! The storage contract in Rust: the records of `wit/`, and one trait for each of its nouns.
//!
//! Everything in `generated/` is written by `cargo xtask generate` from `wit/`; change it there. [`Storage`] is all traits
//! together. [`mirror_storage!`] and [`storage_functions!`] carry records and calls over the boundary of a component.
//!
//! To add a function, add it to the interface of its noun in `wit/`, run `cargo xtask generate`, and implement it in each
//! storage: the compiler names them.

#![forbid(unsafe_code)]

mod bridge;
mod cursor;
mod generated;
mod standing;
mod time;

pub use bridge::Mirror;
pub use cursor::Cursor;
pub use generated::*;
pub use time::Timestamp;
