//! Questions about what somebody may do.

use serde::Deserialize;

use super::holder::Holder;
use super::role::{has_all_roles, has_any_role};

/// One question about someone, in JSON `{"permission": "posts:write"}`, `{"any_role": ["admin", "editor"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Has he this permission?
    Permission(String),
    /// Has he this role?
    Role(String),
    /// Has he one of these roles? Of none he has none.
    AnyRole(Vec<String>),
    /// Has he each of these roles? None everybody has.
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
