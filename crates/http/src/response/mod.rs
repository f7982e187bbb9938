//! Building of responses.

pub(crate) mod cors;
pub(crate) mod reply;
