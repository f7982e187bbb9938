//! Questions about the access of a user.

use serde::Deserialize;

use super::holder::Holder;
use super::role::{has_all_roles, has_any_role};

/// One question about a user, in JSON: `{"permission": "posts:write"}`, `{"any_role": ["admin", "editor"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether the user has this permission.
    Permission(String),
    /// Whether the user has this role.
    Role(String),
    /// Whether the user has one of these roles; false for an empty list.
    AnyRole(Vec<String>),
    /// Whether the user has each of these roles; true for an empty list.
    AllRoles(Vec<String>),
}

impl Question {
    /// Returns the answer for a user.
    pub fn decide(&self, holder: &Holder<'_>) -> bool {
        match self {
            Self::Permission(wanted) => holder.has_permission(wanted),
            Self::Role(wanted) => holder.has_role(wanted),
            Self::AnyRole(wanted) => has_any_role(holder.roles, wanted),
            Self::AllRoles(wanted) => has_all_roles(holder.roles, wanted),
        }
    }
}
