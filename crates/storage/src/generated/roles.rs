//! Roles, permissions, and what they add up to for somebody.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// The right to do something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Permission {
    /// Identifier.
    pub id: String,
    /// Name, `resource:action`, unique.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The service needs it: it can't be renamed or deleted.
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
    /// Name, unique.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The service needs it: it can't be renamed or deleted.
    pub built_in: bool,
    /// Rank of its holders, 0 to 1000. A higher rank may administer a lower one.
    pub rank: u64,
    /// Names of the permissions that it holds, sorted.
    pub permissions: Vec<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How storing a role or a permission ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StoreOutcome {
    /// It is stored.
    Stored,
    /// It has changed since the caller saw it, is gone, or exists already; or the grounds no longer hold. Nothing is
    /// stored.
    Conflict,
    /// Another one has the name; nothing is stored.
    NameTaken,
}

/// The sum of some roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Standing {
    /// The highest rank of these roles; 0 without a role.
    pub rank: u64,
    /// Names of the roles, sorted.
    pub roles: Vec<String>,
    /// Names of the permissions that the roles hold, sorted, each once.
    pub permissions: Vec<String>,
}

/// Whose roles make up a standing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Subject {
    /// The roles of a user.
    User(String),
    /// One role alone.
    Role(String),
    /// One role, and every role of its holders.
    RoleHolders(String),
    /// The roles that hold a permission, and every role of their holders.
    PermissionHolders(String),
}

/// A standing as the caller has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SeenStanding {
    /// Whose it is.
    pub subject: Subject,
    /// What was read.
    pub standing: Standing,
}

/// What a decision rests on. A provider checks it within the call that carries the decision out, and stores nothing if
/// any of it has changed by then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Grounds {
    /// The session of the person who decided. It has to be unrevoked, and unexpired at `now`. None: no session is needed.
    pub session: Option<String>,
    /// The time of the decision.
    pub now: Timestamp,
    /// Standings that were read. A subject that does not exist has rank 0 and no roles.
    pub standings: Vec<SeenStanding>,
}

/// Roles, permissions, and what they add up to for somebody.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Roles {
    /// The standing of a subject as it is now.
    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError>;

    /// All roles, by name. From the start there are `superadmin`, `admin`, `moderator`, `premium`, `verified` and `user`,
    /// built in, and the permissions that the service needs. Their ranks are 1000, 500, 100, 0, 0 and 0.
    async fn list_roles(&self) -> Result<Vec<Role>, StorageError>;

    /// Stores a role with its permissions. Names that no permission has are ignored. `expected_updated_at` is what the caller
    /// has seen, and earlier than `role.updated_at`; none: the role is new, and not built in. `grounds`: what the decision
    /// rests on; none: nothing but the role.
    ///
    /// Atomic. Of concurrent calls that expect one time exactly one is `stored`; `conflict` is checked first. The stored
    /// `built_in` never changes. Name and rank of a built-in role never change, either.
    async fn store_role(
        &self,
        role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError>;

    /// Deletes a role, and takes it from its holders. False: it does not exist, it is built in, or the grounds no longer hold.
    ///
    /// Atomic.
    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError>;

    /// All permissions, by name.
    async fn list_permissions(&self) -> Result<Vec<Permission>, StorageError>;

    /// Stores a permission, under the same rules as `store_role`.
    ///
    /// Atomic.
    async fn store_permission(
        &self,
        permission: Permission,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError>;

    /// Deletes a permission, and takes it from the roles that hold it. False: it does not exist, it is built in, or the
    /// grounds no longer hold.
    ///
    /// Atomic.
    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError>;
}
