//! Makes responses.

pub(crate) mod cors;
pub(crate) mod reply;
