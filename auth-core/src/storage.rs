//! The storage contract as the core sees it: `wit/storage.wit`, record for record and function for function.
//!
//! What each record and function means, and what it answers when a race is lost, is written there once.

use core::time::Duration;

use crate::time::Timestamp;

/// Storage could not do its work. A lost race is never one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StorageError {
    /// Not now; nothing is known to have changed.
    Unavailable(String),
    /// Something that the contract rules out; will not mend itself.
    Invalid(String),
}

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct User {
    pub id: String,
    pub email: Option<String>,
    pub email_verified_at: Option<Timestamp>,
    pub username: Option<String>,
    pub display_name: Option<String>,
    pub profile: String,
    pub disabled_at: Option<Timestamp>,
    pub locked_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
}

/// Something a user proves himself with. No `Debug`: it holds a password hash.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Credential {
    pub id: String,
    pub user_id: String,
    pub kind: String,
    pub secret: String,
    pub counter: Option<u64>,
    pub label: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// What [`Storage::create_user`] inserts.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct NewUser {
    pub user: User,
    pub email_key: Option<String>,
    pub username_key: Option<String>,
    pub credentials: Vec<Credential>,
    pub roles: Vec<String>,
    pub terms: Vec<String>,
    pub unless_held: Option<String>,
    pub grounds: Option<Grounds>,
}

/// How [`Storage::create_user`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub enum CreateUserOutcome {
    Created,
    EmailTaken,
    UsernameTaken,
    IdTaken,
    RoleHeld,
    Conflict,
}

/// The roles that somebody or something has together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Standing {
    pub rank: u64,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
}

/// Whose roles a standing is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub enum Subject {
    User(String),
    Role(String),
    RoleHolders(String),
    PermissionHolders(String),
}

/// A standing as the caller has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct SeenStanding {
    pub subject: Subject,
    pub standing: Standing,
}

/// What a decision rests on, and what is checked again when it is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Grounds {
    pub session: Option<String>,
    pub now: Timestamp,
    pub standings: Vec<SeenStanding>,
}

/// Canonical key by which somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub enum LoginName {
    Email(String),
    Username(String),
    Id(String),
}

/// What is needed to decide a login.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Account {
    pub user: User,
    pub credentials: Vec<Credential>,
}

/// One signed-in device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Session {
    pub id: String,
    pub user_id: String,
    pub client_id: Option<String>,
    pub actor_id: Option<String>,
    pub parent_id: Option<String>,
    pub amr: Vec<String>,
    pub authenticated_at: Timestamp,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub ip: Option<String>,
    pub token: Option<String>,
    pub user_agent: Option<String>,
    pub revoked_at: Option<Timestamp>,
    pub revocation_reason: Option<String>,
}

/// A refresh token, known by its digest alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct RefreshToken {
    pub digest: String,
    pub expires_at: Timestamp,
    pub names_session: bool,
}

/// What [`Storage::start_session`] inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct NewSession {
    pub session: Session,
    pub refresh_token: Option<RefreshToken>,
    pub credential: Option<String>,
    pub ends_others: bool,
}

/// How [`Storage::start_session`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
#[allow(
    clippy::large_enum_variant,
    reason = "made once for a call, and moved at once"
)]
pub enum StartSessionOutcome {
    Started(StartedSession),
    UserInactive,
}

/// A session that has started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct StartedSession {
    pub active: ActiveSession,
    pub ended: Vec<String>,
}

/// What an administrator who acts as a user does it by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Acting {
    pub opaque: bool,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    pub standing: Standing,
}

/// A session with the person behind it and what he may do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct ActiveSession {
    pub session: Session,
    pub user: User,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
    pub rank: u64,
    pub acting: Option<Acting>,
}

/// A refresh token is presented and a successor proposed.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Rotation {
    pub presented: String,
    pub session: Option<String>,
    pub successor: RefreshToken,
    pub sealed: String,
    pub now: Timestamp,
    pub grace: Duration,
}

/// How [`Storage::rotate_refresh_token`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
#[allow(
    clippy::large_enum_variant,
    reason = "made once for a call, and moved at once"
)]
pub enum RotationOutcome {
    Rotated(ActiveSession),
    Replayed(ReplayedRotation),
    Reused(ActiveSession),
    Expired,
    Revoked,
    Unknown,
}

/// The successor of a token that was just rotated by another caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct ReplayedRotation {
    pub sealed: String,
    pub superseded: bool,
    pub active: ActiveSession,
}

/// A secret that was handed out for one use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct OneTimeSecret {
    pub digest: String,
    pub purpose: String,
    pub user_id: Option<String>,
    pub payload: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub consumed_at: Option<Timestamp>,
}

/// A change of a user with all that belongs to it.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct UserChange {
    pub id: String,
    pub user: User,
    pub email_key: Option<String>,
    pub username_key: Option<String>,
    pub expected_updated_at: Timestamp,
    pub consumes: Option<String>,
    pub voids: Option<VoidedSecrets>,
    pub deletes_credentials: Vec<String>,
    pub credentials: Vec<Credential>,
    pub adds_roles: Vec<String>,
    pub removes_roles: Vec<String>,
    pub ends_sessions: Option<SessionEnding>,
    pub terms: Vec<String>,
    pub keeps_holder: Option<String>,
    pub grounds: Option<Grounds>,
}

/// Which one-time secrets are void.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct VoidedSecrets {
    pub purpose: String,
    pub since: Timestamp,
}

/// Which sessions end, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct SessionEnding {
    pub except: Option<String>,
    pub only: Option<String>,
    pub only_acting: bool,
    pub reason: String,
}

/// How [`Storage::change_user`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub enum ChangeOutcome {
    Changed(Vec<String>),
    Conflict,
    EmailTaken,
    UsernameTaken,
    SecretRefused,
    LastHolder,
}

/// How [`Storage::delete_user`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub enum DeleteUserOutcome {
    Deleted(Vec<String>),
    Unknown,
    Conflict,
    LastHolder,
}

/// A user with what he proves himself with and what he may do.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Member {
    pub account: Account,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
    pub rank: u64,
}

/// What users are listed by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub enum UserOrder {
    #[default]
    CreatedAt,
    LastLoginAt,
    Email,
    Username,
}

/// Where a page of a list ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Place {
    pub part: u64,
    pub key: String,
    pub tie_break: String,
}

/// Points in time from one to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct TimeRange {
    pub begin: Option<Timestamp>,
    pub end: Option<Timestamp>,
}

/// Which users are listed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct UserQuery {
    pub search: Option<String>,
    pub role: Option<String>,
    pub verified: Option<bool>,
    pub disabled: Option<bool>,
    pub locked: Option<bool>,
    pub created: TimeRange,
    pub last_login: TimeRange,
    pub order: UserOrder,
    pub descending: bool,
    pub after: Option<Place>,
    pub limit: u64,
    pub now: Timestamp,
}

/// A page of a list of users.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct UserPage {
    pub members: Vec<Member>,
    pub next: Option<Place>,
}

/// The right to do something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Permission {
    pub id: String,
    pub name: String,
    pub description: String,
    pub built_in: bool,
    pub updated_at: Timestamp,
}

/// A name for permissions that users have together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Role {
    pub id: String,
    pub name: String,
    pub description: String,
    pub built_in: bool,
    pub rank: u64,
    pub permissions: Vec<String>,
    pub updated_at: Timestamp,
}

/// How storing a role or a permission ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub enum StoreOutcome {
    Stored,
    Conflict,
    NameTaken,
}

/// Something that happened and matters to security.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct AuditEvent {
    pub id: String,
    pub at: Timestamp,
    pub kind: String,
    pub reason: Option<String>,
    pub actor_id: Option<String>,
    pub target_type: Option<String>,
    pub target_id: Option<String>,
    pub session_id: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub details: String,
}

/// Which events are listed, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct AuditQuery {
    pub kind: Option<String>,
    pub actor_id: Option<String>,
    pub target_id: Option<String>,
    pub at: TimeRange,
    pub after: Option<AuditPlace>,
    pub limit: u64,
}

/// An event's place among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct AuditPlace {
    pub at: Timestamp,
    pub id: String,
}

/// How often something has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct EventCount {
    pub kind: String,
    pub reason: String,
    pub count: u64,
}

/// The most work that a password hash of a kind is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct PasswordCost {
    pub kind: String,
    pub work: u64,
    pub decoy: String,
}

/// A key that signs access tokens.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct SigningKey {
    pub kid: String,
    pub algorithm: String,
    pub public_jwk: String,
    pub sealed: String,
    pub created_at: Timestamp,
    pub retired_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
}

/// A counter that limits how often something may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct Limit {
    pub key: String,
    pub window: Duration,
    pub most: u64,
}

/// A counter after one more event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub struct LimitState {
    pub count: u64,
    pub resets_at: Timestamp,
}

/// Persistence. Each function is atomic; `wit/storage.wit` says what it does and how it ends.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the platform's are; Workers' are not"
)]
#[allow(missing_docs, reason = "documented in wit/storage.wit")]
pub trait Storage {
    async fn create_user(&self, user: NewUser) -> Result<CreateUserOutcome, StorageError>;
    async fn create_users(
        &self,
        change: String,
        users: Vec<NewUser>,
        grounds: Option<Grounds>,
    ) -> Result<Vec<CreateUserOutcome>, StorageError>;
    async fn find_member(&self, user_id: String) -> Result<Option<Member>, StorageError>;
    async fn list_users(&self, query: UserQuery) -> Result<UserPage, StorageError>;
    async fn find_account(&self, name: LoginName) -> Result<Option<Account>, StorageError>;
    async fn replace_credential_secret(
        &self,
        credential_id: String,
        expected: String,
        replacement: String,
        now: Timestamp,
    ) -> Result<bool, StorageError>;
    async fn list_password_costs(&self) -> Result<Vec<PasswordCost>, StorageError>;
    async fn raise_password_costs(&self, costs: Vec<PasswordCost>) -> Result<(), StorageError>;
    async fn start_session(&self, session: NewSession)
    -> Result<StartSessionOutcome, StorageError>;
    async fn find_session(&self, session_id: String)
    -> Result<Option<ActiveSession>, StorageError>;
    async fn rotate_refresh_token(
        &self,
        rotation: Rotation,
    ) -> Result<RotationOutcome, StorageError>;
    async fn find_refresh_token_session(
        &self,
        token: String,
    ) -> Result<Option<String>, StorageError>;
    async fn revoke_session(
        &self,
        session_id: String,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError>;
    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError>;
    async fn find_session_by_token(
        &self,
        token: String,
    ) -> Result<Option<ActiveSession>, StorageError>;
    async fn list_sessions(
        &self,
        user_id: String,
        now: Timestamp,
    ) -> Result<Vec<Session>, StorageError>;
    async fn touch_session(&self, session_id: String, now: Timestamp) -> Result<(), StorageError>;
    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<(), StorageError>;
    async fn find_one_time_secret(
        &self,
        secret: String,
    ) -> Result<Option<OneTimeSecret>, StorageError>;
    async fn consume_one_time_secret(
        &self,
        secret: String,
        now: Timestamp,
    ) -> Result<bool, StorageError>;
    async fn change_user(&self, change: UserChange) -> Result<ChangeOutcome, StorageError>;
    async fn delete_user(
        &self,
        user_id: String,
        expected_updated_at: Timestamp,
        now: Timestamp,
        keeps_holder: Option<String>,
        grounds: Option<Grounds>,
    ) -> Result<DeleteUserOutcome, StorageError>;
    async fn accept_counter(
        &self,
        credential_id: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError>;
    async fn delete_credential(&self, credential_id: String) -> Result<bool, StorageError>;
    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError>;
    async fn list_roles(&self) -> Result<Vec<Role>, StorageError>;
    async fn store_role(
        &self,
        role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError>;
    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError>;
    async fn list_permissions(&self) -> Result<Vec<Permission>, StorageError>;
    async fn store_permission(
        &self,
        permission: Permission,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError>;
    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError>;
    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError>;
    async fn list_audit(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError>;
    async fn count_events(&self) -> Result<Vec<EventCount>, StorageError>;
    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>, StorageError>;
    async fn add_signing_key(
        &self,
        key: SigningKey,
        replaces: Option<String>,
        replaced_expires_at: Timestamp,
    ) -> Result<bool, StorageError>;
    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError>;
    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError>;
    async fn purge(
        &self,
        now: Timestamp,
        ended_before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError>;
    async fn check(&self) -> Result<(), StorageError>;
}
