//! Roles, permissions, and checks of them.

pub(crate) mod check;
pub(crate) mod permissions;
pub(crate) mod roles;
