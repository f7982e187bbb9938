//! Roles, permissions, and questions about them.

pub(crate) mod check;
pub(crate) mod permissions;
pub(crate) mod roles;
