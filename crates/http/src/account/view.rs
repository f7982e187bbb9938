//! Users and sessions, as their owners see them.

use auth_core::device_name;
use auth_core::storage::{ActiveSession, Session, User};
use serde::Serialize;
use serde_json::{Map, Value};

/// A user.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserView {
    /// Identifier, a UUID.
    #[cfg_attr(test, schema(format = "uuid"))]
    id: String,
    /// E-mail address.
    email: Option<String>,
    /// Whether the user has proved to receive mail there.
    email_verified: bool,
    /// User name.
    username: Option<String>,
    /// Name to show to others.
    display_name: Option<String>,
    /// Values of the configured extra fields.
    #[cfg_attr(test, schema(value_type = Object))]
    profile: Map<String, Value>,
    /// When the user was created, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: String,
    /// When the user last signed in, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    last_login_at: Option<String>,
}

/// The user whom the token stands for.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct MeResponse {
    #[serde(flatten)]
    user: UserView,
    /// Names of the user's roles.
    roles: Vec<String>,
    /// Permissions of those roles.
    permissions: Vec<String>,
    /// Identifier of the session.
    session_id: String,
}

/// The account of the person who is signed in.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct AccountResponse {
    #[serde(flatten)]
    pub(super) me: MeResponse,
    /// Whether there is a password to sign in with.
    pub(super) has_password: bool,
    /// Whether a second factor is in force.
    pub(super) mfa_enabled: bool,
    /// How many recovery codes are left.
    pub(super) recovery_codes_left: usize,
}

/// The sessions that last, the one seen last first.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct SessionsResponse {
    pub(crate) sessions: Vec<SessionView>,
}

/// One signed-in device.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct SessionView {
    /// Identifier, `sid` in access tokens.
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// What a person would call the device, such as "Firefox on Linux".
    device: Option<String>,
    /// Its `User-Agent`.
    user_agent: Option<String>,
    /// The address that it signed in from.
    ip: Option<String>,
    /// When it signed in, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: String,
    /// When it was last used, to about a minute, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    last_seen_at: String,
    /// When it ends at the latest, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    expires_at: String,
}

impl SessionView {
    pub(crate) fn of(session: Session, current: Option<&str>) -> Self {
        Self {
            current: current == Some(&session.id),
            id: session.id,
            device: session.user_agent.as_deref().map(device_name),
            user_agent: session.user_agent,
            ip: session.ip,
            created_at: session.created_at.to_string(),
            last_seen_at: session.last_seen_at.to_string(),
            expires_at: session.expires_at.to_string(),
        }
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            username: user.username,
            display_name: user.display_name,
            profile: auth_core::json::from_str(&user.profile).unwrap_or_default(),
            created_at: user.created_at.to_string(),
            last_login_at: user.last_login_at.map(|time| time.to_string()),
        }
    }
}

impl From<ActiveSession> for MeResponse {
    fn from(active: ActiveSession) -> Self {
        Self {
            user: active.user.into(),
            roles: active.roles,
            permissions: active.permissions,
            session_id: active.session.id,
        }
    }
}
