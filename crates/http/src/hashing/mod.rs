//! Scheduling of password hashes.

pub(crate) mod hash_queue;
pub(crate) mod turns;
