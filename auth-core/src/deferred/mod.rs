//! Work that is done after a request is answered.

pub(crate) mod lock;
pub(crate) mod rehash;
pub(crate) mod run;
pub(crate) mod task;
pub(crate) mod warning;
