//! Users that come from elsewhere, and go there.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod imported;
pub(crate) mod record;
