//! Instances of the service: what each has, how long it lives, and what ends it.
//!
//! An instance serves one request at a time, unless a setting says more, and is used again for the next. So a trap, an
//! endless loop or too much memory ends one request and its instance, and nobody else's.

pub(crate) mod context;
pub(crate) mod data;
pub(crate) mod factory;
pub(crate) mod lifetime;
pub(crate) mod linker;
