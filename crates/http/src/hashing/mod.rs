//! When a password hash may be computed.

pub(crate) mod hash_queue;
pub(crate) mod turns;
