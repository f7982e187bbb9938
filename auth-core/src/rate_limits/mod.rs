//! Rate limits.

pub(crate) mod count;
pub(crate) mod forget;
pub(crate) mod mail;
pub(crate) mod quota;
pub(crate) mod sign_in;
