//! Cookies of sessions, devices and flows: their names, and functions that read, set and clear them.

pub(crate) mod names;
pub(crate) mod read;
pub(crate) mod write;
