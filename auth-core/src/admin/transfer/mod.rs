//! Import and export of users.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod imported;
pub(crate) mod record;
