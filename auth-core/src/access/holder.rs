//! A user's roles and permissions, and what they allow on other users.

use super::permission::{ANY, has_permission, is_permission_name};
use super::role::{SUPERADMIN, has_role, is_role_name};
use crate::storage::{ActiveSession, Role, Standing, UserDetails};

/// A user's roles and permissions.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// Names of the roles.
    pub roles: &'a [String],
    /// Names of the permissions that the roles grant. A superadmin has `*`, whatever this list contains.
    pub permissions: &'a [String],
    /// The highest rank of the roles; 0 without a role. No [`Question`](crate::access::Question) depends on it.
    pub rank: u64,
}

impl<'a> From<&'a UserDetails> for Holder<'a> {
    fn from(member: &'a UserDetails) -> Self {
        Self {
            roles: &member.roles,
            permissions: &member.permissions,
            rank: member.rank,
        }
    }
}

impl<'a> From<&'a ActiveSession> for Holder<'a> {
    fn from(active: &'a ActiveSession) -> Self {
        Self {
            roles: &active.roles,
            permissions: &active.permissions,
            rank: active.rank,
        }
    }
}

impl<'a> From<&'a Standing> for Holder<'a> {
    fn from(standing: &'a Standing) -> Self {
        Self {
            roles: &standing.roles,
            permissions: &standing.permissions,
            rank: standing.rank,
        }
    }
}

impl Holder<'_> {
    /// Whether the user has a permission.
    pub fn has_permission(&self, wanted: &str) -> bool {
        if self.is_superadmin() {
            is_permission_name(wanted)
        } else {
            has_permission(self.permissions, wanted)
        }
    }

    /// Whether the user has a role, or one that implies it.
    pub fn has_role(&self, wanted: &str) -> bool {
        has_role(self.roles, wanted)
    }

    /// Whether the user outranks another: has a higher rank, and every permission that the other has. Users of equal
    /// rank never outrank each other, whatever their permissions.
    ///
    /// This is a strict partial order.
    pub fn outranks(&self, other: &Holder<'_>) -> bool {
        self.rank > other.rank && self.has_permissions_of(other)
    }

    /// Whether the user may change another's account: they outrank the other, or are a superadmin, who may change even
    /// peers and themselves.
    pub fn may_administer(&self, other: &Holder<'_>) -> bool {
        self.is_superadmin() || self.outranks(other)
    }

    /// Whether the user may grant or revoke a role: it ranks below them, and they have each of its permissions. A
    /// superadmin may grant even the role `superadmin`.
    ///
    /// The permission to change users or roles at all is checked separately.
    pub fn may_grant(&self, role: &Role) -> bool {
        let below = role.rank < self.rank || role.name == SUPERADMIN && self.is_superadmin();
        is_role_name(&role.name)
            && below
            && role
                .permissions
                .iter()
                .all(|name| self.has_permission(name))
    }

    pub(super) fn is_superadmin(&self) -> bool {
        self.roles.iter().any(|role| role == SUPERADMIN)
    }

    /// Whether the user has every permission that another has. A stored permission of the other with an invalid name
    /// grants nothing, so it is ignored.
    fn has_permissions_of(&self, other: &Holder<'_>) -> bool {
        if other.is_superadmin() {
            return self.has_permission(ANY);
        }
        let mut names = other.permissions.iter();
        names.all(|name| !is_permission_name(name) || self.has_permission(name))
    }
}
