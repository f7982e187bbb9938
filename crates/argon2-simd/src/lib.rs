//! Argon2 (RFC 9106) with a block function in WebAssembly's 128-bit vector instructions (`simd128`).
//!
//! A compiler doesn't find these instructions in the portable code, which takes more than 1.5 times as long for a hash.
//! [`Argon2`] has the constructors and methods of the type of the same name in the crate `argon2`, which are enough
//! to compute raw hashes. Its parameters, errors and blocks are that crate's own, so either takes the place of the
//! other. On targets without `simd128` the block function is portable code.
//!
//! ```
//! use gatewright_argon2_simd::{Algorithm, Argon2, Block, Params, Version, wipe};
//!
//! # fn main() -> Result<(), gatewright_argon2_simd::Error> {
//! let params = Params::new(64, 2, 1, Some(32))?;
//! let mut blocks = vec![Block::new(); params.block_count()];
//! let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
//! let mut hash = [0; 32];
//! argon2.hash_password_into_with_memory(b"password", b"somesalt", &mut hash, &mut blocks)?;
//! // The blocks can be kept for the next hash.
//! wipe(&mut blocks);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(target_feature = "simd128"), forbid(unsafe_code))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod compression;
mod context;
mod digest;
mod fill;
mod hash;
#[cfg(any(test, not(target_feature = "simd128")))]
mod portable;
#[cfg(target_feature = "simd128")]
#[allow(unsafe_code, reason = "loads and stores of vectors take pointers")]
mod simd128;
#[cfg(test)]
mod tests;

pub use argon2::{Algorithm, AssociatedData, Block, Error, Params, ParamsBuilder, Result, Version};
pub use context::Argon2;
pub use hash::wipe;
