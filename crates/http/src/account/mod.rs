//! The account of the person who is signed in.

pub(crate) mod email;
pub(crate) mod own;
pub(crate) mod password;
pub(crate) mod sessions;
pub(crate) mod view;
