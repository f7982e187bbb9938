//! Sign-in by accounts at other providers.

pub(crate) mod aliases;
pub(crate) mod exchange;
pub(crate) mod flow;
pub(crate) mod providers;
