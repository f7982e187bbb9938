//! Signed-in devices, and the refresh tokens of each.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use core::time::Duration;
use crate::time::Timestamp;
use super::roles::Standing;
use super::types::StorageError;
use super::users::User;

/// One signed-in device. It owns a family of refresh tokens and the access tokens that name it in `sid`.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Session {
    /// Identifier, `sid` in tokens.
    pub id: String,
    /// The user who signed in.
    pub user_id: String,
    /// The OAuth client it was started for; none: Gatewright's own API.
    pub client_id: Option<String>,
    /// The administrator who acts as the user; none: the user themselves.
    pub actor_id: Option<String>,
    /// The administrator's own session, from which they act as the user. This one rests on it.
    pub parent_id: Option<String>,
    /// Authentication methods used, in the names of RFC 8176 (`pwd`, `otp`, …).
    pub amr: Vec<String>,
    /// When the user last proved their identity in this session.
    pub authenticated_at: Timestamp,
    /// When the session started.
    pub created_at: Timestamp,
    /// When it was started or last refreshed.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest; never extended.
    pub expires_at: Timestamp,
    /// Address of the device that started it.
    pub ip: Option<String>,
    /// Digest of the opaque token that stands for the session; none: it is carried by JWTs.
    pub token: Option<String>,
    /// `User-Agent` of the device that started it.
    pub user_agent: Option<String>,
    /// Set: it was ended then. A revoked session never becomes active again.
    pub revoked_at: Option<Timestamp>,
    /// Why it was ended: `logout`, `logout_all`, `single_session`, `refresh_token_reuse`, …
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

/// A refresh token, known by its digest alone.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefreshToken {
    /// Digest of the token.
    pub digest: String,
    /// When it stops being accepted, at most the session's `expires_at`.
    pub expires_at: Timestamp,
    /// Whether the token itself names its session, so that a used one is still recognised after its row was deleted: see
    /// `rotation.session`.
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

/// What `start_session` inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// First refresh token of its family; none: the session has none.
    pub refresh_token: Option<RefreshToken>,
    /// The credential that the login rests on. If it is gone meanwhile, no session starts.
    pub credential: Option<String>,
    /// True: all other sessions of the user end, with reason `single_session`.
    pub ends_others: bool,
    /// The session of the same user that this one goes on with, if there is one. If it has been revoked or has expired by
    /// `created_at`, no session starts: of any number of concurrent calls exactly one starts its own.
    pub continues: Option<String>,
    /// Sessions, of whomever, whose place this one takes; at most 16. They and the continued one end, and so do those that
    /// rest on them, with reason `replaced`.
    pub replaces: Vec<String>,
}

/// The administrator who acts as a user, as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Acting {
    /// Whether an opaque token stands for the administrator's own session; else JWTs do.
    pub opaque: bool,
    /// `last_seen_at` of their own session.
    pub last_seen_at: Timestamp,
    /// `expires_at` of their own session.
    pub expires_at: Timestamp,
    /// `revoked_at` of their own session.
    pub revoked_at: Option<Timestamp>,
    /// Set: their account has been disabled since then.
    pub disabled_at: Option<Timestamp>,
    /// Their roles.
    pub standing: Standing,
}

/// A session with its user, and what the user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ActiveSession {
    /// The session.
    pub session: Session,
    /// Its user.
    pub user: User,
    /// Names of the user's roles, sorted.
    pub roles: Vec<String>,
    /// Names of the permissions that those roles hold, sorted, each once.
    pub permissions: Vec<String>,
    /// The highest rank of those roles; 0 without a role.
    pub rank: u64,
    /// When the newest signing key of an emergency was made; none: there was no emergency.
    pub keys_ended_at: Option<Timestamp>,
    /// Whether the user has a credential of kind `totp`.
    pub second_factor: bool,
    /// The administrator who acts as the user; none: nobody does, or `parent_id` is no longer a session of `actor_id`.
    pub acting: Option<Acting>,
}

/// A session that has started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StartedSession {
    /// The session.
    pub active: ActiveSession,
    /// The sessions that it ended, in any order.
    pub ended: Vec<String>,
}

/// How `start_session` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(clippy::large_enum_variant, reason = "made once for a call, and moved at once")]
pub enum StartSessionOutcome {
    /// The session is stored. Unless somebody acts as the user or it continues another, the user's `last_login_at` is its
    /// `created_at`.
    Started(StartedSession),
    /// The user was deleted or disabled in the meantime, the credential is gone, or the session to be continued has ended;
    /// nothing is stored.
    UserInactive,
}

/// A refresh token is presented and a successor proposed.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rotation {
    /// Digest of the presented token.
    pub presented: String,
    /// The session that the presented token names, which the caller has verified; none: it names none.
    pub session: Option<String>,
    /// The proposed successor. Its `expires_at` is limited to the session's.
    pub successor: RefreshToken,
    /// The successor itself, encrypted so that only the holder of the presented token can have it decrypted.
    pub ciphertext: String,
    /// The time of the request.
    pub now: Timestamp,
    /// For how long after its rotation the presented token still gets the same successor. 0: never, even if `now` is
    /// before the rotation, as it is for a request that was overtaken.
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

/// The successor of a token that was just rotated by another caller.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReplayedRotation {
    /// The `ciphertext` of the rotation that won.
    pub ciphertext: String,
    /// True: that successor has itself been rotated since.
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

/// How `rotate_refresh_token` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(clippy::large_enum_variant, reason = "made once for a call, and moved at once")]
pub enum RotationOutcome {
    /// The presented token is consumed and the proposed successor is stored. Exactly one caller ever gets this for one
    /// token. The session's `last_seen_at` is now.
    Rotated(ActiveSession),
    /// The token was consumed less than `grace` ago: the successor that was stored then, still encrypted. The proposed one
    /// is discarded.
    Replayed(ReplayedRotation),
    /// The token was consumed longer ago, so two parties have it: its session is revoked (reason `refresh_token_reuse`),
    /// and with it the whole family. The same happens for a token that has no row, if it names a session that still has a
    /// refresh token.
    Reused(ActiveSession),
    /// The token or the session has expired. The same is the answer for a token that has no row, if the session that it
    /// names has no refresh token any more.
    Expired,
    /// The session was revoked or its user disabled.
    Revoked,
    /// No such token, and no session that it names.
    Unknown,
}

/// Signed-in devices, and the refresh tokens of each.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Sessions {
    /// Stores a session with its first refresh token.
    ///
    /// Atomic, including the end of other sessions.
    async fn start_session(&self, session: NewSession) -> Result<StartSessionOutcome, StorageError>;

    /// The session with user, roles and permissions, and with the administrator who acts as the user, in one query; none: no
    /// such session. Sessions that are revoked, expired or of a disabled user are returned, too: the caller decides by the
    /// fields.
    async fn find_session(&self, session_id: String) -> Result<Option<ActiveSession>, StorageError>;

    /// The session of an opaque token, otherwise like `find_session`.
    async fn find_session_by_token(
        &self,
        token: String,
    ) -> Result<Option<ActiveSession>, StorageError>;

    /// The session a refresh token belongs to, whatever the state of either; none: no such token.
    async fn find_refresh_token_session(
        &self,
        token: String,
    ) -> Result<Option<String>, StorageError>;

    /// The sessions of a user that are neither revoked nor expired at `now`, the one seen last first.
    async fn list_sessions(
        &self,
        user_id: String,
        now: Timestamp,
    ) -> Result<Vec<Session>, StorageError>;

    /// Moves a session's `last_seen_at` forward to `now`; a later one stays.
    async fn touch_session(&self, session_id: String, now: Timestamp) -> Result<(), StorageError>;

    /// Consumes a refresh token and stores its successor. Consumed tokens of the family that name their session, and whose
    /// grace is over, are deleted with it, so that a family does not grow with the number of its rotations.
    ///
    /// Atomic. Of any number of concurrent calls with one token exactly one is `rotated`; see `RotationOutcome` for the
    /// others. Order of the checks: `unknown`, `revoked`, `expired` for the session, `reused` or `replayed`, `expired` for the
    /// token.
    async fn rotate_refresh_token(
        &self,
        rotation: Rotation,
    ) -> Result<RotationOutcome, StorageError>;

    /// Ends one session and those that rest on it. Returns those that had not ended, in any order.
    ///
    /// Atomic. If a session has already ended, its first reason and time stay.
    async fn revoke_session(
        &self,
        session_id: String,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError>;

    /// Ends all sessions of a user, or all but one, including those in which the user acts as another. Returns those that had
    /// not ended, in any order.
    ///
    /// Atomic: a session that starts concurrently is either ended, too, or was started after.
    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError>;
}
