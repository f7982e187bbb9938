//! Administration of users.

pub(crate) mod creation;
pub(crate) mod fields;
pub(crate) mod identities;
pub(crate) mod impersonation;
pub(crate) mod list;
pub(crate) mod roles;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod status;
pub(crate) mod update;

use crate::context::service;

service! {
    /// Users, as administrators see them.
    Users
}
