//! The account of the signed-in user.

pub(crate) mod email;
pub(crate) mod identities;
pub(crate) mod own;
pub(crate) mod password;
pub(crate) mod sessions;
pub(crate) mod view;
