//! User accounts.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::cursor::Cursor;
use crate::time::Timestamp;
use super::audit::AuditEvent;
use super::credentials::Credential;
use super::identities::Identity;
use super::identities::IdentityKey;
use super::roles::Grounds;
use super::types::StorageError;
use super::types::TimeRange;

/// A user: a person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct User {
    /// Identifier, never reused for another user.
    pub id: String,
    /// E-mail address as the person wrote it, without surrounding white space.
    pub email: Option<String>,
    /// When `email` was verified. `none` means that it is not verified.
    pub email_verified_at: Option<Timestamp>,
    /// When `email` was first verified, even if it is no longer marked as verified. `none` means never. A change of the
    /// address resets it.
    pub email_proved_at: Option<Timestamp>,
    /// User name as the person wrote it.
    pub username: Option<String>,
    /// Display name; free text.
    pub display_name: Option<String>,
    /// The configured profile fields as one JSON object.
    pub profile: String,
    /// When an administrator disabled the account. `none` means not disabled.
    pub disabled_at: Option<Timestamp>,
    /// Until when the account is locked after too many failed attempts. It is only shown to administrators; no decision
    /// depends on it.
    pub locked_until: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When one of the fields above last changed.
    pub updated_at: Timestamp,
    /// When the user last started a session.
    pub last_login_at: Option<Timestamp>,
}

/// The input of `create_user`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewUser {
    /// The user.
    pub user: User,
    /// The canonical form of `user.email`, unique among all users.
    pub email_key: Option<String>,
    /// The canonical form of `user.username`, unique among all users.
    pub username_key: Option<String>,
    /// The first credentials.
    pub credentials: Vec<Credential>,
    /// The first identities. Each is in the list once.
    pub identities: Vec<Identity>,
    /// Names of the first roles. Names of unknown roles are ignored.
    pub roles: Vec<String>,
    /// Further search terms of the user, in canonical form. A search matches the beginning of any of them.
    pub search_terms: Vec<String>,
    /// The name of a role. If any user already has it, nothing is stored. `none` means that no role is checked.
    pub unless_role_assigned: Option<String>,
    /// The grounds of the decision to store the user. `none` means that it depends on nothing that can change.
    pub grounds: Option<Grounds>,
    /// The audit events to store with the user, each counted as by `append_audit`. If the user is not stored, none of
    /// them is.
    pub events: Vec<AuditEvent>,
}

/// The result of `create_user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CreateUserOutcome {
    /// The user, the credentials, the identities and the roles are stored.
    Created,
    /// Another user has `email_key`. Nothing is stored.
    EmailTaken,
    /// Another user has `username_key`. Nothing is stored.
    UsernameTaken,
    /// Another user has one of the identities. Nothing is stored.
    IdentityTaken,
    /// Another user has the identifier. Nothing is stored.
    IdTaken,
    /// A user already has the role `unless_role_assigned`. Nothing is stored.
    RoleAssigned,
    /// The grounds have changed. Nothing is stored. Read again and retry.
    Conflict,
}

/// The canonical key by which a user signs in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LoginName {
    /// A `NewUser.email_key`.
    Email(String),
    /// A `NewUser.username_key`.
    Username(String),
    /// A `user.id`.
    Id(String),
}

/// A user with credentials: the data that decides a login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Account {
    /// The user.
    pub user: User,
    /// All credentials of the user.
    pub credentials: Vec<Credential>,
}

/// A user with credentials, and the identity by which they sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IdentifiedAccount {
    /// The user and their credentials.
    pub account: Account,
    /// The identity.
    pub identity: Identity,
}

/// A user with credentials, identities, roles and permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserDetails {
    /// The user and their credentials.
    pub account: Account,
    /// The user's identities without their tokens, in the order of `list_identities`.
    pub identities: Vec<Identity>,
    /// Names of the user's roles, sorted.
    pub roles: Vec<String>,
    /// Names of the permissions of those roles, sorted, without duplicates.
    pub permissions: Vec<String>,
    /// The highest rank of those roles; 0 without a role.
    pub rank: u64,
}

/// The unused one-time secrets to invalidate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InvalidatedSecrets {
    /// Their purpose.
    pub purpose: String,
    /// The earliest `created_at` of the secrets to invalidate.
    pub since: Timestamp,
}

/// The sessions to end, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionEnding {
    /// A session that does not end. `none` means no exception.
    pub except: Option<String>,
    /// The only session that ends, together with those that depend on it. `none` means all sessions.
    pub only: Option<String>,
    /// Whether only the sessions end in which the user acts as another.
    pub only_acting: bool,
    /// The reason, stored as `revocation_reason`.
    pub reason: String,
}

/// A change of a user, including credentials, identities, roles, sessions and one-time secrets.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserChange {
    /// Identifier of the change, never used before.
    pub id: String,
    /// The user after the change. `created_at` and `last_login_at` are ignored: the stored values are unchanged.
    /// `updated_at` is later than `expected_updated_at`.
    pub user: User,
    /// The canonical form of `user.email`. If the address is unchanged, the stored key is also unchanged.
    pub email_key: Option<String>,
    /// The canonical form of `user.username`.
    pub username_key: Option<String>,
    /// The stored `updated_at` that the caller has read.
    pub expected_updated_at: Timestamp,
    /// A one-time secret of this user that the change uses up at `user.updated_at`. `none` means no secret.
    pub consumes: Option<String>,
    /// The unused one-time secrets of this user to delete. `none` means no secrets.
    pub invalidates: Option<InvalidatedSecrets>,
    /// The kinds of the credentials to delete.
    pub deletes_credentials: Vec<String>,
    /// The credentials to store after that.
    pub credentials: Vec<Credential>,
    /// The identities of this user to unlink. Others are ignored.
    pub removes_identities: Vec<IdentityKey>,
    /// The identities to link. Each is in the list once.
    pub adds_identities: Vec<Identity>,
    /// Names of the roles to grant. Names of unknown roles are ignored.
    pub adds_roles: Vec<String>,
    /// Names of the roles to revoke.
    pub removes_roles: Vec<String>,
    /// The sessions to end at `user.updated_at`. Sessions in which the user acts as another also belong to the user.
    /// `none` means no sessions.
    pub ends_sessions: Option<SessionEnding>,
    /// The new search terms of the user, which replace the stored ones.
    pub search_terms: Vec<String>,
    /// The name of a role. If this user has it and is not disabled, at least one user who is not disabled must have it
    /// after the change. `none` means that no role is checked.
    pub require_remaining_holder: Option<String>,
    /// The grounds of the decision. `none` means that it depends on nothing but the user.
    pub grounds: Option<Grounds>,
    /// The audit events to store with the change, each counted as by `append_audit`. If nothing is changed, none of
    /// them is stored.
    pub events: Vec<AuditEvent>,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for UserChange {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("UserChange")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("email_key", &self.email_key)
            .field("username_key", &self.username_key)
            .field("expected_updated_at", &self.expected_updated_at)
            .field("invalidates", &self.invalidates)
            .field("deletes_credentials", &self.deletes_credentials)
            .field("credentials", &self.credentials)
            .field("removes_identities", &self.removes_identities)
            .field("adds_identities", &self.adds_identities)
            .field("adds_roles", &self.adds_roles)
            .field("removes_roles", &self.removes_roles)
            .field("ends_sessions", &self.ends_sessions)
            .field("search_terms", &self.search_terms)
            .field("require_remaining_holder", &self.require_remaining_holder)
            .field("grounds", &self.grounds)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// The result of `change_user`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChangeOutcome {
    /// Everything is stored. Contains the sessions that were ended.
    Changed(Vec<String>),
    /// The user has changed since the caller read it or is gone, or the grounds have changed. Nothing is stored. Read
    /// again and retry.
    Conflict,
    /// Another user has `email_key`. Nothing is stored.
    EmailTaken,
    /// Another user has `username_key`. Nothing is stored.
    UsernameTaken,
    /// A user has one of `adds_identities` already, even if it is this user. Nothing is stored.
    IdentityTaken,
    /// The one-time secret is used, expired or not this user's. Nothing is stored.
    SecretRefused,
    /// No user who is not disabled would have the role `require_remaining_holder`. Nothing is stored.
    LastHolder,
}

/// The result of `delete_user`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DeleteUserOutcome {
    /// The user and everything that belonged to them is deleted. Contains the sessions that had not ended.
    Deleted(Vec<String>),
    /// There is no such user.
    Unknown,
    /// The user has changed since the caller read it, or the grounds have changed. Nothing is deleted. Read again and
    /// retry.
    Conflict,
    /// No user who is not disabled would have the role `require_remaining_holder`. Nothing is deleted.
    LastHolder,
}

/// The sort key of a list of users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum UserOrder {
    /// The time of creation.
    #[default]
    CreatedAt,
    /// The time of the last login. Users who never signed in come first.
    LastLoginAt,
    /// The canonical form of the address, byte by byte. Users without an address come first.
    Email,
    /// The canonical form of the user name, byte by byte. Users without a user name come first.
    Username,
}

/// The filters, the order and the position of a page of users. A user is listed if they pass every filter; a filter
/// that is `none` passes all users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserQuery {
    /// A canonical text with which the address, the user name or a search term begins. Matches by address are listed
    /// first, then those by user name, then those by search term. Each user is listed once, at their first match.
    pub search: Option<String>,
    /// The name of a role that the users have.
    pub role: Option<String>,
    /// The name of a provider of which the users have an identity.
    pub provider: Option<String>,
    /// Whether the users' address is verified.
    pub verified: Option<bool>,
    /// Whether the users are disabled.
    pub disabled: Option<bool>,
    /// Whether the users are locked at `now`.
    pub locked: Option<bool>,
    /// The range of time in which the users were created.
    pub created: TimeRange,
    /// The range of time in which the users last signed in. If either bound is set, users who never signed in are not
    /// listed.
    pub last_login: TimeRange,
    /// The sort key. Ignored in a search.
    pub order: UserOrder,
    /// Whether the order is reversed. Ignored in a search. Users with equal keys are sorted by identifier, which is
    /// also reversed.
    pub descending: bool,
    /// Where the page begins. `none` means at the beginning of the list.
    pub after: Option<Cursor>,
    /// Maximum number of users on a page, 1 to 500.
    pub limit: u64,
    /// The time of the request.
    pub now: Timestamp,
}

/// A page of a list of users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserPage {
    /// The users in the requested order.
    pub users: Vec<UserDetails>,
    /// Where the next page begins. `none` means that this was the last page.
    pub next: Option<Cursor>,
}

/// User accounts.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Users {
    /// Stores a user with their first credentials, identities and roles.
    ///
    /// Atomic: of concurrent calls with the same key or identity exactly one returns `created`. The same applies to calls
    /// with the same `unless_role_assigned`. Order of the checks: `conflict`, `RoleAssigned`, `IdTaken`, `EmailTaken`,
    /// `UsernameTaken`, `IdentityTaken`.
    async fn create_user(&self, user: NewUser) -> Result<CreateUserOutcome, StorageError>;

    /// Stores up to 500 users, each under the same rules as `create_user`. The outcomes are in the order of `users`.
    ///
    /// A user with the identifier, the address or the user name of an earlier user in the list is refused, unless that
    /// user was itself refused. A user with an identity of an earlier user in the list is refused in any case.
    /// `unless_role_assigned` and `NewUser.grounds` are ignored. `change` is an identifier that was never used before,
    /// with which a provider can mark the rows that it stores. `grounds` apply to all users; if they have changed, each
    /// outcome is `conflict`.
    ///
    /// Atomic: all users whose outcome is `created` are stored together or not at all.
    async fn create_users(
        &self,
        change: String,
        users: Vec<NewUser>,
        grounds: Option<Grounds>,
    ) -> Result<Vec<CreateUserOutcome>, StorageError>;

    /// Returns a user with credentials, identities, roles and permissions. `none` means that there is no such user.
    async fn find_user(&self, user_id: String) -> Result<Option<UserDetails>, StorageError>;

    /// Returns the user who signs in by a key, with credentials. `none` means that there is no such user. Disabled users
    /// are also returned.
    async fn find_account(&self, name: LoginName) -> Result<Option<Account>, StorageError>;

    /// Returns the user who signs in by an identity, with credentials and the identity, in one query. `none` means that
    /// there is no such identity. Disabled users are also returned.
    async fn find_identity(
        &self,
        issuer: String,
        subject: String,
    ) -> Result<Option<IdentifiedAccount>, StorageError>;

    /// Returns a page of the list of users. A walk through all pages lists a user who does not change exactly once, even
    /// if other users are added, changed or deleted meanwhile. The work of a page does not grow with the number of pages
    /// before it.
    async fn list_users(&self, query: UserQuery) -> Result<UserPage, StorageError>;

    /// Changes a user, including credentials, identities, roles, sessions and one-time secrets.
    ///
    /// Atomic: of concurrent changes with the same `expected_updated_at` exactly one returns `changed`. The same applies
    /// to changes that consume the same secret or link the same identity. Order of the checks: `conflict`,
    /// `SecretRefused`, `EmailTaken`, `UsernameTaken`, `IdentityTaken`, `LastHolder`.
    async fn change_user(&self, change: UserChange) -> Result<ChangeOutcome, StorageError>;

    /// Deletes a user with everything that belongs to them, including sessions in which they act as another.
    ///
    /// - `expected_updated_at`: the stored `updated_at` that the caller has read.
    /// - `now`: the time of the request. Unrevoked sessions that expire after it are returned.
    /// - `require_remaining_holder`: the name of a role. If this user has it and is not disabled, another user who is not
    ///   disabled must have it.
    /// - `grounds`: the grounds of the decision. `none` means that it depends on nothing but the user.
    /// - `events`: the audit events to store, each counted as by `append_audit`. If nothing is deleted, none of them is
    ///   stored.
    ///
    /// Atomic: if the last two holders of that role are deleted or changed concurrently, one of them remains. Order of
    /// the checks: `unknown`, `conflict`, `LastHolder`.
    async fn delete_user(
        &self,
        user_id: String,
        expected_updated_at: Timestamp,
        now: Timestamp,
        require_remaining_holder: Option<String>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<DeleteUserOutcome, StorageError>;
}
