//! Known answers: from RFCs, from reference implementations, and from other implementations that the tests run.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

mod argon2;
mod jose;
mod other_implementations;
