//! Questions about what somebody may do.

use serde::Deserialize;

use super::holder::Holder;
use super::role::{has_all_roles, has_any_role};

/// One question about someone, in JSON `{"permission": "posts:write"}`, `{"any_role": ["admin", "editor"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Do they have this permission?
    Permission(String),
    /// Do they have this role?
    Role(String),
    /// Do they have one of these roles? No, where the list is empty.
    AnyRole(Vec<String>),
    /// Do they have each of these roles? Yes, where the list is empty.
    AllRoles(Vec<String>),
}

impl Question {
    /// The answer.
    pub fn decide(&self, holder: &Holder<'_>) -> bool {
        match self {
            Self::Permission(wanted) => holder.has_permission(wanted),
            Self::Role(wanted) => holder.has_role(wanted),
            Self::AnyRole(wanted) => has_any_role(holder.roles, wanted),
            Self::AllRoles(wanted) => has_all_roles(holder.roles, wanted),
        }
    }
}
