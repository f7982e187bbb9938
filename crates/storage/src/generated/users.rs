//! People who can sign in.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::cursor::Cursor;
use crate::time::Timestamp;
use super::credentials::Credential;
use super::roles::Grounds;
use super::types::StorageError;
use super::types::TimeRange;

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct User {
    /// Identifier, never given to another user.
    pub id: String,
    /// E-mail address as the person wrote it, without surrounding blanks.
    pub email: Option<String>,
    /// When the person proved to receive mail at `email`; none: not yet.
    pub email_verified_at: Option<Timestamp>,
    /// When `email` was first verified, whatever has become of that since; none: never. Another address begins anew.
    pub email_proved_at: Option<Timestamp>,
    /// User name as the person wrote it.
    pub username: Option<String>,
    /// Name to show to others; free text.
    pub display_name: Option<String>,
    /// Configured extra fields as one JSON object.
    pub profile: String,
    /// Set: an administrator has disabled the account since then.
    pub disabled_at: Option<Timestamp>,
    /// Too many failed attempts have locked the account until then. Shown to administrators; nothing is decided by it.
    pub locked_until: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When one of the fields above last changed.
    pub updated_at: Timestamp,
    /// When the user last started a session.
    pub last_login_at: Option<Timestamp>,
}

/// What `create_user` inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewUser {
    /// The user.
    pub user: User,
    /// Canonical form of `user.email`; unique among all users.
    pub email_key: Option<String>,
    /// Canonical form of `user.username`; unique among all users.
    pub username_key: Option<String>,
    /// The first credentials.
    pub credentials: Vec<Credential>,
    /// Names of the first roles. Names that no role has are ignored.
    pub roles: Vec<String>,
    /// Further texts that a search finds the user by, in canonical form. A search matches the beginning of any of them.
    pub search_terms: Vec<String>,
    /// Name of a role: nothing is stored if somebody already has it.
    pub unless_role_assigned: Option<String>,
    /// What the decision to store the user rests on; none: nothing that can change.
    pub grounds: Option<Grounds>,
}

/// How `create_user` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CreateUserOutcome {
    /// The user, the credentials and the roles are stored.
    Created,
    /// Another user has `email_key`; nothing is stored.
    EmailTaken,
    /// Another user has `username_key`; nothing is stored.
    UsernameTaken,
    /// Another user has the identifier; nothing is stored.
    IdTaken,
    /// Somebody has the role `unless_role_assigned`; nothing is stored.
    RoleAssigned,
    /// The grounds no longer hold; nothing is stored. Read and try again.
    Conflict,
}

/// Canonical key by which somebody signs in.
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

/// What is needed to decide a login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Account {
    /// The user.
    pub user: User,
    /// All credentials of the user.
    pub credentials: Vec<Credential>,
}

/// A user with credentials, roles and permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserDetails {
    /// The user and their credentials.
    pub account: Account,
    /// Names of their roles, sorted.
    pub roles: Vec<String>,
    /// Names of the permissions that those roles hold, sorted, each once.
    pub permissions: Vec<String>,
    /// The highest rank of those roles; 0 without a role.
    pub rank: u64,
}

/// Which unused one-time secrets become invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InvalidatedSecrets {
    /// What they are for.
    pub purpose: String,
    /// Those that were created then or later.
    pub since: Timestamp,
}

/// Which sessions end, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionEnding {
    /// One that stays.
    pub except: Option<String>,
    /// The only one that ends, with those that rest on it; none: all.
    pub only: Option<String>,
    /// Whether only those end in which the user acts as another.
    pub only_acting: bool,
    /// The reason.
    pub reason: String,
}

/// A change of a user with all that belongs to the user.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserChange {
    /// Identifier of the change, never used before.
    pub id: String,
    /// The user after the change. `created_at` and `last_login_at` are ignored: the stored ones stay. `updated_at` is later
    /// than `expected_updated_at`.
    pub user: User,
    /// Canonical form of `user.email`. Where the address stays as it is, the stored one stays, too.
    pub email_key: Option<String>,
    /// Canonical form of `user.username`.
    pub username_key: Option<String>,
    /// The stored `updated_at` that the caller has seen.
    pub expected_updated_at: Timestamp,
    /// A one-time secret of this user that the change uses up, at `user.updated_at`.
    pub consumes: Option<String>,
    /// Unused one-time secrets of this user that are deleted.
    pub invalidates: Option<InvalidatedSecrets>,
    /// Kinds whose credentials are deleted.
    pub deletes_credentials: Vec<String>,
    /// Credentials that are stored after that.
    pub credentials: Vec<Credential>,
    /// Names of roles that are granted. Names that no role has are ignored.
    pub adds_roles: Vec<String>,
    /// Names of roles that are revoked.
    pub removes_roles: Vec<String>,
    /// Sessions that end at `user.updated_at`. Sessions in which the user acts as another are the user's, too.
    pub ends_sessions: Option<SessionEnding>,
    /// The texts that a search finds the user by from now on.
    pub search_terms: Vec<String>,
    /// Name of a role. If this user has it and is not disabled, somebody who is not disabled has to have it afterwards.
    pub require_remaining_holder: Option<String>,
    /// What the decision rests on; none: nothing but the user.
    pub grounds: Option<Grounds>,
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
            .field("adds_roles", &self.adds_roles)
            .field("removes_roles", &self.removes_roles)
            .field("ends_sessions", &self.ends_sessions)
            .field("search_terms", &self.search_terms)
            .field("require_remaining_holder", &self.require_remaining_holder)
            .field("grounds", &self.grounds)
            .finish_non_exhaustive()
    }
}

/// How `change_user` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChangeOutcome {
    /// Everything is stored; these sessions were ended.
    Changed(Vec<String>),
    /// The user has changed since the caller saw them or is gone, or the grounds no longer hold; nothing is stored. Read
    /// and try again.
    Conflict,
    /// Another user has `email_key`; nothing is stored.
    EmailTaken,
    /// Another user has `username_key`; nothing is stored.
    UsernameTaken,
    /// The one-time secret is used, expired or not this user's; nothing is stored.
    SecretRefused,
    /// Nobody would have the role `require_remaining_holder`; nothing is stored.
    LastHolder,
}

/// How `delete_user` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DeleteUserOutcome {
    /// The user is gone with everything that belonged to them; these sessions had not ended.
    Deleted(Vec<String>),
    /// There is no such user.
    Unknown,
    /// The user has changed since the caller saw them, or the grounds no longer hold; nothing is deleted. Read and try
    /// again.
    Conflict,
    /// Nobody would have the role that somebody has to have; nothing is deleted.
    LastHolder,
}

/// What users are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum UserOrder {
    /// When they were created.
    #[default]
    CreatedAt,
    /// When they last signed in; never comes before everything.
    LastLoginAt,
    /// Canonical form of the address, byte by byte; none comes before everything.
    Email,
    /// Canonical form of the user name, byte by byte; none comes before everything.
    Username,
}

/// Which users are listed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserQuery {
    /// Canonical text that the address, the user name or a search term begins with. The order is then address, user name, search term,
    /// and each user is listed once, where they are found first.
    pub search: Option<String>,
    /// Name of a role that they have.
    pub role: Option<String>,
    /// Whether their address is verified.
    pub verified: Option<bool>,
    /// Whether they are disabled.
    pub disabled: Option<bool>,
    /// Whether they are locked at `now`.
    pub locked: Option<bool>,
    /// When they were created.
    pub created: TimeRange,
    /// When they last signed in. With a bound of either kind, users who never did are not listed.
    pub last_login: TimeRange,
    /// The order, without a search.
    pub order: UserOrder,
    /// Whether the order is reversed, without a search. Among equal users the identifier decides, reversed as well.
    pub descending: bool,
    /// Where the page begins; none: at the beginning of the list.
    pub after: Option<Cursor>,
    /// Maximum number of users of a page, 1 to 500.
    pub limit: u64,
    /// The time of the request.
    pub now: Timestamp,
}

/// A page of a list of users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserPage {
    /// The users in their order.
    pub users: Vec<UserDetails>,
    /// Where the next page begins; none: this was the last page.
    pub next: Option<Cursor>,
}

/// People who can sign in.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Users {
    /// Stores a user with their first credentials and roles.
    ///
    /// Atomic. Of concurrent calls with one key exactly one is `created`, and of those that are `unless_role_assigned` the same role,
    /// too. Order of the checks: `conflict`, `RoleAssigned`, `IdTaken`, `EmailTaken`, `UsernameTaken`.
    async fn create_user(&self, user: NewUser) -> Result<CreateUserOutcome, StorageError>;

    /// Stores up to 500 users, each under the same rules as `create_user`. The outcomes are in the same order.
    ///
    /// Atomic: all users whose outcome is `created` are stored together or not at all. A user that takes the identifier, the
    /// address or the name of an earlier one in the list is refused; a refused user takes nothing. `unless_role_assigned` and
    /// `NewUser.grounds` are ignored here. `change` is an identifier that was never used before, by which a provider may
    /// mark what it stores. `grounds` are those of all; if they no longer hold, each outcome is `conflict`.
    async fn create_users(
        &self,
        change: String,
        users: Vec<NewUser>,
        grounds: Option<Grounds>,
    ) -> Result<Vec<CreateUserOutcome>, StorageError>;

    /// The user with credentials, roles and permissions; none: there is no such user.
    async fn find_user(&self, user_id: String) -> Result<Option<UserDetails>, StorageError>;

    /// The user who signs in by that name, with credentials; none: there is no such user. Disabled users are returned, too.
    async fn find_account(&self, name: LoginName) -> Result<Option<Account>, StorageError>;

    /// A page of the list of users. A user who does not change is listed exactly once in a walk through all pages, whoever is
    /// added, changed or deleted meanwhile. The work of a page does not grow with the number of pages before it.
    async fn list_users(&self, query: UserQuery) -> Result<UserPage, StorageError>;

    /// Changes a user, with credentials, roles and sessions, all at once.
    ///
    /// Atomic. Of concurrent changes that expect one `updated_at` exactly one is `changed`, and of those that consume one
    /// secret, too. Order of the checks: `conflict`, `SecretRefused`, `EmailTaken`, `UsernameTaken`, `LastHolder`.
    async fn change_user(&self, change: UserChange) -> Result<ChangeOutcome, StorageError>;

    /// Deletes a user with everything that belongs to them, including sessions in which they act as another.
    /// `expected_updated_at`: the stored `updated_at` that the caller has seen. `now`: sessions that end after it are
    /// returned. `require_remaining_holder`: name of a role; if this user has it and is not disabled, somebody else who is not disabled
    /// has to have it. `grounds`: what the decision rests on; none: nothing but the user.
    ///
    /// Atomic: of the last two holders of that role, deleted or changed at once, one stays. Order of the checks: `unknown`,
    /// `conflict`, `LastHolder`.
    async fn delete_user(
        &self,
        user_id: String,
        expected_updated_at: Timestamp,
        now: Timestamp,
        require_remaining_holder: Option<String>,
        grounds: Option<Grounds>,
    ) -> Result<DeleteUserOutcome, StorageError>;
}
