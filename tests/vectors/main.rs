//! Known answers: of the RFCs, of the reference implementations, and of other implementations run now.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

mod argon2;
mod jose;
mod other_implementations;
