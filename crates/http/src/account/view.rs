//! The users' own view of their accounts and sessions.

use auth_core::device_name;
use auth_core::storage::{ActiveSession, Session, User};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::api_error::ApiError;

/// A user.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserView {
    /// Identifier, a UUID.
    #[cfg_attr(test, schema(format = "uuid"))]
    id: String,
    /// E-mail address.
    email: Option<String>,
    /// Whether the e-mail address is verified.
    email_verified: bool,
    /// User name.
    username: Option<String>,
    /// Display name.
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

/// The user of the presented token.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct MeResponse {
    #[serde(flatten)]
    user: UserView,
    /// Names of the user's roles.
    roles: Vec<String>,
    /// Names of the permissions of those roles.
    permissions: Vec<String>,
    /// Identifier of the session.
    session_id: String,
    /// Error code with which most routes refuse the session, because a required second factor is missing:
    /// `mfa_enrolment_required` or `reauthentication_required`. The roles and permissions are empty then. Absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_with: Option<&'static str>,
}

/// The account of the signed-in user.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct AccountResponse {
    #[serde(flatten)]
    pub(super) me: MeResponse,
    /// Whether the user has a password.
    pub(super) has_password: bool,
    /// Whether a second factor is enabled.
    pub(super) mfa_enabled: bool,
    /// Number of unused recovery codes.
    pub(super) recovery_codes_left: usize,
    /// Number of linked accounts at sign-in providers.
    pub(super) identity_count: usize,
}

/// Active sessions, the most recently used first.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct SessionsResponse {
    pub(crate) sessions: Vec<SessionView>,
}

/// A session: one signed-in device.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct SessionView {
    /// Identifier. The `sid` claim of access tokens.
    id: String,
    /// Whether this is the session of the request.
    current: bool,
    /// Readable name of the device, such as "Firefox on Linux".
    device: Option<String>,
    /// `User-Agent` of the device.
    user_agent: Option<String>,
    /// IP address of the sign-in.
    ip: Option<String>,
    /// When the session started, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: String,
    /// When the session was last used, accurate to about a minute, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    last_seen_at: String,
    /// When the session ends at the latest, RFC 3339.
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

impl MeResponse {
    /// Returns the view of a session, which most routes refuse with this error if there is one.
    pub(super) fn of(active: ActiveSession, refused_with: Option<ApiError>) -> Self {
        let (roles, permissions) = match refused_with {
            None => (active.roles, active.permissions),
            Some(_) => (Vec::new(), Vec::new()),
        };
        Self {
            user: active.user.into(),
            roles,
            permissions,
            session_id: active.session.id,
            refused_with: refused_with.map(|error| error.code()),
        }
    }
}
