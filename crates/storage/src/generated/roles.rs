//! Roles, permissions, and the standings that they add up to.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::audit::AuditEvent;
use super::types::StorageError;

/// A permission: the right to perform an action on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Permission {
    /// Identifier.
    pub id: String,
    /// Unique name, `resource:action`.
    pub name: String,
    /// The purpose of the permission.
    pub description: String,
    /// Whether the service needs it. It can't be renamed or deleted.
    pub built_in: bool,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A named set of permissions that users can have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Role {
    /// Identifier.
    pub id: String,
    /// Unique name.
    pub name: String,
    /// The purpose of the role.
    pub description: String,
    /// Whether the service needs it. It can't be renamed or deleted.
    pub built_in: bool,
    /// The rank of its holders, 0 to 1000. A higher rank can administer a lower one.
    pub rank: u64,
    /// Names of its permissions, sorted.
    pub permissions: Vec<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The result of storing a role or a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StoreOutcome {
    /// The role or permission is stored.
    Stored,
    /// The role or permission has changed since the caller read it, is gone, or exists already; or the grounds have
    /// changed. Nothing is stored.
    Conflict,
    /// Another role or permission has the name. Nothing is stored.
    NameTaken,
}

/// The combined rank, roles and permissions of a subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Standing {
    /// The highest rank of the roles; 0 without a role.
    pub rank: u64,
    /// Names of the roles, sorted.
    pub roles: Vec<String>,
    /// Names of the permissions of these roles, sorted, without duplicates.
    pub permissions: Vec<String>,
}

/// The subject of a standing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Subject {
    /// The roles of a user.
    User(String),
    /// A single role.
    Role(String),
    /// A role, and every role of its holders.
    RoleHolders(String),
    /// The roles that have a permission, and every role of their holders.
    PermissionHolders(String),
}

/// A standing that the caller has read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SeenStanding {
    /// The subject of the standing.
    pub subject: Subject,
    /// The standing that was read.
    pub standing: Standing,
}

/// The grounds of a decision. A provider checks them within the call that carries out the decision, and stores
/// nothing if any of them has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Grounds {
    /// The session of the person who decided. It must be unrevoked, and unexpired at `now`. `none` means that no
    /// session is required.
    pub session: Option<String>,
    /// The time of the decision.
    pub now: Timestamp,
    /// The standings that were read. A subject that does not exist has rank 0 and no roles.
    pub standings: Vec<SeenStanding>,
}

/// Roles, permissions, and the standings that they add up to.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Roles {
    /// Returns the current standing of a subject.
    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError>;

    /// Returns all roles, sorted by name. A new database contains the built-in roles `superadmin`, `admin`, `moderator`,
    /// `premium`, `verified` and `user`, with the ranks 1000, 500, 100, 0, 0 and 0, and the permissions that the service
    /// needs.
    async fn list_roles(&self) -> Result<Vec<Role>, StorageError>;

    /// Stores a role with its permissions. Names of unknown permissions are ignored. `expected_updated_at` is the stored
    /// `updated_at` that the caller has read, and earlier than `role.updated_at`; `none` means that the role is new and
    /// not built in. `grounds` are the grounds of the decision; `none` means that it depends on nothing but the role.
    /// `events` are the audit events to store with the role, each counted as by `append_audit`. If the role is not
    /// stored, none of them is.
    ///
    /// The stored `built_in` never changes, nor do the name and the rank of a built-in role.
    ///
    /// Atomic: of concurrent calls with the same `expected_updated_at` exactly one returns `stored`. `conflict` is
    /// checked first.
    async fn store_role(
        &self,
        role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<StoreOutcome, StorageError>;

    /// Deletes a role and revokes it from its holders. Returns false, and deletes nothing, if the role does not exist or
    /// is built in, or if the grounds have changed. `events` are the audit events to store, each counted as by
    /// `append_audit`. If nothing is deleted, none of them is stored.
    ///
    /// Atomic.
    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError>;

    /// Returns all permissions, sorted by name.
    async fn list_permissions(&self) -> Result<Vec<Permission>, StorageError>;

    /// Stores a permission, under the same rules as `store_role`.
    ///
    /// Atomic.
    async fn store_permission(
        &self,
        permission: Permission,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<StoreOutcome, StorageError>;

    /// Deletes a permission and removes it from the roles that have it. Returns false, and deletes nothing, if the
    /// permission does not exist or is built in, or if the grounds have changed. `events` are as for `delete_role`.
    ///
    /// Atomic.
    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError>;
}
