//! What somebody holds, and what it lets them do to others.

use super::permission::{ANY, has_permission, is_permission_name};
use super::role::{SUPERADMIN, has_role, is_role_name};
use crate::storage::{ActiveSession, Role, Standing, UserDetails};

/// Someone's roles and permissions.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// Names of the roles.
    pub roles: &'a [String],
    /// Names of the permissions that these give. A superadmin's are `*`, whatever is here.
    pub permissions: &'a [String],
    /// The highest rank of the roles; 0 without a role. No [`Question`](crate::access::Question) asks for it.
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
    /// Whether they have a permission.
    pub fn has_permission(&self, wanted: &str) -> bool {
        if self.is_superadmin() {
            is_permission_name(wanted)
        } else {
            has_permission(self.permissions, wanted)
        }
    }

    /// Whether they have a role, or one that implies it.
    pub fn has_role(&self, wanted: &str) -> bool {
        has_role(self.roles, wanted)
    }

    /// Whether they stand above someone: by a higher rank, and with every permission that the other has. Equals never
    /// outrank each other, whatever they hold.
    ///
    /// A strict partial order.
    pub fn outranks(&self, other: &Holder<'_>) -> bool {
        self.rank > other.rank && self.has_permissions_of(other)
    }

    /// Whether they may change someone's account: they outrank that person, or are a superadmin, who may change even
    /// peers and themselves.
    pub fn may_administer(&self, other: &Holder<'_>) -> bool {
        self.is_superadmin() || self.outranks(other)
    }

    /// Whether they may give someone a role, or take it: it ranks below them, and they have each of its permissions. A
    /// superadmin gives even the own role.
    ///
    /// Whether they may change users or roles at all is a separate question.
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

    /// Whether they have every permission that another has. A stored permission of the other that is no valid name gives them nothing,
    /// so that it is not asked for.
    fn has_permissions_of(&self, other: &Holder<'_>) -> bool {
        if other.is_superadmin() {
            return self.has_permission(ANY);
        }
        let mut names = other.permissions.iter();
        names.all(|name| !is_permission_name(name) || self.has_permission(name))
    }
}
