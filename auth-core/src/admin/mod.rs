//! Administration of users, roles and permissions.

pub(crate) mod access_check;
pub(crate) mod actor;
pub(crate) mod administer;
pub(crate) mod catalog;
pub(crate) mod grounds;
pub(crate) mod names;
pub(crate) mod permissions;
pub(crate) mod roles;
pub(crate) mod setup;
pub(crate) mod transfer;
pub(crate) mod users;
