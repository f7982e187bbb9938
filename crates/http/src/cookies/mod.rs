//! The cookies that carry a session: their names, and how they are read, set and cleared.

pub(crate) mod names;
pub(crate) mod read;
pub(crate) mod write;
