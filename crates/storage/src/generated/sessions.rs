//! Sessions and their refresh tokens. A session with a `parent_id` depends on that session.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use core::time::Duration;
use crate::time::Timestamp;
use super::audit::AuditEvent;
use super::identities::IdentityKey;
use super::roles::Standing;
use super::types::StorageError;
use super::users::User;

/// A session: one signed-in device. It owns a family of refresh tokens, and the access tokens that name it in `sid`.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Session {
    /// Identifier, `sid` in tokens.
    pub id: String,
    /// The user who signed in.
    pub user_id: String,
    /// The OAuth client it was started for. `none` means Gatewright's own API.
    pub client_id: Option<String>,
    /// The administrator who acts as the user (impersonation). `none` means that the user signed in themselves.
    pub actor_id: Option<String>,
    /// The administrator's own session, from which they act as the user.
    pub parent_id: Option<String>,
    /// The authentication methods that were used, by their names in RFC 8176 (`pwd`, `otp`, …).
    pub amr: Vec<String>,
    /// When the user last proved their identity in this session.
    pub authenticated_at: Timestamp,
    /// When the session started.
    pub created_at: Timestamp,
    /// When it was started or last refreshed.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest. It is never extended.
    pub expires_at: Timestamp,
    /// The IP address of the device that started it.
    pub ip: Option<String>,
    /// The digest of the opaque token that represents the session. `none` means that JWTs represent it.
    pub token: Option<String>,
    /// The `User-Agent` of the device that started it.
    pub user_agent: Option<String>,
    /// When it was revoked. `none` means not revoked. A revoked session never becomes active again.
    pub revoked_at: Option<Timestamp>,
    /// The reason why it was revoked: `logout`, `logout_all`, `single_session`, `refresh_token_reuse`, …
    pub revocation_reason: Option<String>,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Session")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("client_id", &self.client_id)
            .field("actor_id", &self.actor_id)
            .field("parent_id", &self.parent_id)
            .field("amr", &self.amr)
            .field("authenticated_at", &self.authenticated_at)
            .field("created_at", &self.created_at)
            .field("last_seen_at", &self.last_seen_at)
            .field("expires_at", &self.expires_at)
            .field("ip", &self.ip)
            .field("user_agent", &self.user_agent)
            .field("revoked_at", &self.revoked_at)
            .field("revocation_reason", &self.revocation_reason)
            .finish_non_exhaustive()
    }
}

/// A refresh token. Only its digest is stored.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefreshToken {
    /// The digest of the token.
    pub digest: String,
    /// When it stops being accepted; at the latest the session's `expires_at`.
    pub expires_at: Timestamp,
    /// Whether the token itself names its session, so that a used token is still recognised after its row was deleted;
    /// see `rotation.session`.
    pub names_session: bool,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("RefreshToken")
            .field("expires_at", &self.expires_at)
            .field("names_session", &self.names_session)
            .finish_non_exhaustive()
    }
}

/// The input of `start_session`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// The first refresh token of its family. `none` means that the session has no refresh token.
    pub refresh_token: Option<RefreshToken>,
    /// The credential that was used to sign in. If it has been deleted meanwhile, no session starts. `none` means that
    /// no credential is checked.
    pub credential: Option<String>,
    /// The identity that was used to sign in. If it no longer belongs to the user, no session starts. `none` means that
    /// no identity is checked.
    pub identity: Option<IdentityKey>,
    /// Whether all other sessions of the user end, with the reason `single_session`.
    pub ends_others: bool,
    /// The session of the same user that this one continues. If it has been revoked or has expired by `created_at`, no
    /// session starts: of any number of concurrent calls exactly one starts its session. `none` means that it continues
    /// no session.
    pub continues: Option<String>,
    /// Sessions of any users that this one replaces, at most 16. They, the continued session and the sessions that
    /// depend on any of them end, with the reason `replaced`.
    pub replaces: Vec<String>,
    /// The audit events to store with the session, each counted as by `append_audit`. If no session starts, none of
    /// them is stored.
    pub events: Vec<AuditEvent>,
}

/// The current state of an administrator who acts as a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Acting {
    /// Whether an opaque token represents the administrator's own session. If false, JWTs represent it.
    pub opaque: bool,
    /// `last_seen_at` of their own session.
    pub last_seen_at: Timestamp,
    /// `expires_at` of their own session.
    pub expires_at: Timestamp,
    /// `revoked_at` of their own session.
    pub revoked_at: Option<Timestamp>,
    /// When their account was disabled. `none` means not disabled.
    pub disabled_at: Option<Timestamp>,
    /// Their roles.
    pub standing: Standing,
}

/// A session with its user, and the user's roles and permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ActiveSession {
    /// The session.
    pub session: Session,
    /// The user who signed in.
    pub user: User,
    /// Names of the user's roles, sorted.
    pub roles: Vec<String>,
    /// Names of the permissions of those roles, sorted, without duplicates.
    pub permissions: Vec<String>,
    /// The highest rank of those roles; 0 without a role.
    pub rank: u64,
    /// When the newest emergency signing key was created. `none` means that there is none.
    pub keys_ended_at: Option<Timestamp>,
    /// Whether the user has a credential of kind `totp`.
    pub second_factor: bool,
    /// The administrator who acts as the user. `none` means that nobody does, or that `parent_id` is no longer a
    /// session of `actor_id`.
    pub acting: Option<Acting>,
}

/// A started session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StartedSession {
    /// The session.
    pub active: ActiveSession,
    /// The sessions that the new session ended, in any order.
    pub ended: Vec<String>,
}

/// The result of `start_session`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(clippy::large_enum_variant, reason = "made once for a call, and moved at once")]
pub enum StartSessionOutcome {
    /// The session is stored. Unless somebody acts as the user or it continues another session, the user's
    /// `last_login_at` is set to its `created_at`.
    Started(StartedSession),
    /// The user was deleted or disabled meanwhile, the credential or identity is gone, or the session to continue has
    /// ended. Nothing is stored.
    UserInactive,
}

/// The input of `rotate_refresh_token`: a presented refresh token and a proposed successor.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rotation {
    /// The digest of the presented token.
    pub presented: String,
    /// The session that the presented token names, which the caller has verified. `none` means that it names no
    /// session.
    pub session: Option<String>,
    /// The proposed successor. Its stored `expires_at` is at most the session's.
    pub successor: RefreshToken,
    /// The successor token itself, encrypted so that it can be decrypted only with the presented token.
    pub ciphertext: String,
    /// The time of the request.
    pub now: Timestamp,
    /// The time after its rotation in which the presented token still gets the same successor. 0 means never, even if
    /// `now` is before the rotation, as it is for a request that was overtaken.
    pub grace: Duration,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for Rotation {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Rotation")
            .field("session", &self.session)
            .field("successor", &self.successor)
            .field("now", &self.now)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// The successor of a token that another caller has just rotated.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReplayedRotation {
    /// The `ciphertext` of the rotation that won.
    pub ciphertext: String,
    /// Whether that successor has itself been rotated since.
    pub superseded: bool,
    /// The session.
    pub active: ActiveSession,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for ReplayedRotation {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("ReplayedRotation")
            .field("superseded", &self.superseded)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// The result of `rotate_refresh_token`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(clippy::large_enum_variant, reason = "made once for a call, and moved at once")]
pub enum RotationOutcome {
    /// The presented token is consumed and the proposed successor is stored. Exactly one caller ever gets this result
    /// for one token. The session's `last_seen_at` is set to `now`.
    Rotated(ActiveSession),
    /// The token was consumed less than `grace` ago. Contains the successor that was stored then, still encrypted. The
    /// proposed one is discarded.
    Replayed(ReplayedRotation),
    /// The token was consumed longer ago, so two parties have it. Its session is revoked (reason
    /// `refresh_token_reuse`), and with it the whole family. The same happens for a token without a row, if it names a
    /// session that still has a usable refresh token.
    Reused(ActiveSession),
    /// The token or the session has expired. A token without a row has the same result if the session that it names no
    /// longer has a usable refresh token.
    Expired,
    /// The session is revoked or its user is disabled.
    Revoked,
    /// The token has no row, and it names no existing session.
    Unknown,
}

/// Sessions and their refresh tokens. A session with a `parent_id` depends on that session.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Sessions {
    /// Stores a session with its first refresh token.
    ///
    /// Atomic, including the end of other sessions.
    async fn start_session(&self, session: NewSession) -> Result<StartSessionOutcome, StorageError>;

    /// Returns a session with its user, roles and permissions, and with the administrator who acts as the user, in one
    /// query. `none` means that there is no such session. Sessions that are revoked or expired, or whose user is
    /// disabled, are also returned: the caller decides by the fields.
    async fn find_session(&self, session_id: String) -> Result<Option<ActiveSession>, StorageError>;

    /// Returns the session of an opaque token, otherwise like `find_session`.
    async fn find_session_by_token(
        &self,
        token: String,
    ) -> Result<Option<ActiveSession>, StorageError>;

    /// Returns the session of a refresh token, even if either of them is no longer valid. `none` means that there is no
    /// such token.
    async fn find_refresh_token_session(
        &self,
        token: String,
    ) -> Result<Option<String>, StorageError>;

    /// Returns the sessions of a user that are neither revoked nor expired at `now`, sorted by `last_seen_at`, latest
    /// first.
    async fn list_sessions(
        &self,
        user_id: String,
        now: Timestamp,
    ) -> Result<Vec<Session>, StorageError>;

    /// Sets a session's `last_seen_at` to `now`, unless the stored value is later.
    async fn touch_session(&self, session_id: String, now: Timestamp) -> Result<(), StorageError>;

    /// Consumes a refresh token and stores its successor. The same call deletes the family's consumed tokens that name
    /// their session and whose grace is over, so that a family does not grow with the number of its rotations.
    ///
    /// Atomic: of any number of concurrent calls with one token exactly one returns `rotated`; see `RotationOutcome` for
    /// the others. Order of the checks: `unknown`, `revoked`, `expired` for the session, `reused` or `replayed`,
    /// `expired` for the token.
    async fn rotate_refresh_token(
        &self,
        rotation: Rotation,
    ) -> Result<RotationOutcome, StorageError>;

    /// Revokes a session and the sessions that depend on it, at `now` and with `reason`. Returns those that had not ended
    /// before, in any order.
    ///
    /// Atomic. If a session has already ended, its first reason and time are unchanged. `events` are stored if this
    /// session had not ended before.
    async fn revoke_session(
        &self,
        session_id: String,
        now: Timestamp,
        reason: String,
        events: Vec<AuditEvent>,
    ) -> Result<Vec<String>, StorageError>;

    /// Revokes all sessions of a user except `except`, including those in which the user acts as another, at `now` and
    /// with `reason`. Returns those that had not ended before, in any order.
    ///
    /// Atomic: a session that starts concurrently is either revoked as well, or starts afterwards. `events` are stored if
    /// any session had not ended before.
    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
        events: Vec<AuditEvent>,
    ) -> Result<Vec<String>, StorageError>;
}
