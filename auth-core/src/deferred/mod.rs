//! Work done after the answer to a request.

pub(crate) mod lock;
pub(crate) mod rehash;
pub(crate) mod run;
pub(crate) mod task;
pub(crate) mod warning;
