//! What the account of a signed-in person is, and changing it.

use auth_core::storage::{ActiveSession, Session, User};
use auth_core::{AccountUpdate, Platform, device_name};
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::body;
use crate::caller::Call;
use crate::reply;
use crate::service::Answer;

/// What a person changes of his account.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct AccountUpdateRequest {
    /// User name to sign in by; null or empty takes it away.
    #[serde(default, deserialize_with = "or_empty")]
    username: Option<String>,
    /// Name to show to others, at most 100 characters; null or empty takes it away.
    #[serde(default, deserialize_with = "or_empty")]
    display_name: Option<String>,
    /// Values of the configured extra fields; null takes one away.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
}

/// Null is what takes away, other than what is left out.
pub(crate) fn or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}

/// A password, to prove oneself.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PasswordRequest {
    /// The current password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    password: String,
}

/// Another password.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ChangePasswordRequest {
    /// The current password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    current_password: String,
    /// The new one.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    new_password: String,
}

/// Another e-mail address.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ChangeEmailRequest {
    /// The new address.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email))]
    email: String,
    /// The current password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    password: String,
}

/// A user.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserView {
    /// Identifier, a UUID.
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
    created_at: String,
    /// When the user last signed in, RFC 3339.
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
    me: MeResponse,
    /// Whether there is a password to sign in with.
    has_password: bool,
    /// Whether a second factor is in force.
    mfa_enabled: bool,
    /// How many recovery codes are left.
    recovery_codes_left: usize,
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
    created_at: String,
    /// When it was last used, to about a minute, RFC 3339.
    last_seen_at: String,
    /// When it ends at the latest, RFC 3339.
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

pub(crate) async fn me<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    Ok(reply::json(StatusCode::OK, &MeResponse::from(active)))
}

pub(crate) async fn account<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let methods = call.auth.sign_in_methods(&active).await?;
    let response = AccountResponse {
        me: active.into(),
        has_password: methods.password,
        mfa_enabled: methods.second_factor,
        recovery_codes_left: methods.recovery_codes_left,
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn update<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: AccountUpdateRequest = body::json(call.parts, call.body)?;
    let update = AccountUpdate {
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
    };
    let user = call
        .auth
        .update_account(&active, update, &call.client())
        .await?;
    Ok(reply::json(StatusCode::OK, &UserView::from(user)))
}

pub(crate) async fn delete<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: PasswordRequest = body::json(call.parts, call.body)?;
    let password = body::required("password", &request.password)?;
    call.auth
        .delete_account(&active, password, &call.client())
        .await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    call.clear_cookies(response.headers_mut());
    call.forget_device(response.headers_mut());
    Ok(response)
}

pub(crate) async fn change_password<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: ChangePasswordRequest = body::json(call.parts, call.body)?;
    let current = body::required("current_password", &request.current_password)?;
    let device = call
        .auth
        .change_password(&active, current, &request.new_password, &call.client())
        .await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    call.set_device(response.headers_mut(), &device);
    Ok(response)
}

pub(crate) async fn change_email<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: ChangeEmailRequest = body::json(call.parts, call.body)?;
    let password = body::required("password", &request.password)?;
    call.auth
        .change_email(&active, &request.email, password, &call.client())
        .await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}

pub(crate) async fn sessions<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let sessions = call.auth.sessions(&active).await?.into_iter();
    let current = Some(active.session.id.as_str());
    let sessions = sessions.map(|session| SessionView::of(session, current));
    let response = SessionsResponse {
        sessions: sessions.collect(),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn end_session<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let session_id = call.named("id");
    call.auth
        .end_own_session(&active, &session_id, &call.client())
        .await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    if session_id == active.session.id {
        call.clear_cookies(response.headers_mut());
    }
    Ok(response)
}

pub(crate) async fn logout_others<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    call.auth.logout_others(&active, &call.client()).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
