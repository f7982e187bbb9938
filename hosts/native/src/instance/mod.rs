//! Instances of the service: their state, their lifetime, and their end.
//!
//! An instance serves one request at a time, unless a setting allows more, and is reused for the next. So a trap, an
//! endless loop or too much memory ends only one request and its instance.

pub(crate) mod context;
pub(crate) mod data;
pub(crate) mod epochs;
pub(crate) mod factory;
pub(crate) mod lifetime;
pub(crate) mod linker;
