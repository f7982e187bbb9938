//! Registering, signing in and out, and who one is.

use auth_core::storage::{ActiveSession, User};
use auth_core::{Auth, Client, LoginRequest, Platform, Registration, TokenPair};
use bytes::Bytes;
use http::header::{AUTHORIZATION, PRAGMA};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::body::{self, Form};
use crate::error::ApiError;
use crate::reply;

type Answer = Result<Response<Bytes>, ApiError>;

/// What a person registers with. What is left out counts as empty, so that every broken rule is reported at once.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RegisterRequest {
    /// E-mail address, at most 254 bytes. Compared without regard to letter case.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email, example = "ada@example.com"))]
    email: String,
    /// Password: 8 to 128 characters by default, any characters, none of the common ones.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, example = "correct horse battery staple"))]
    password: String,
    /// User name to sign in by, 3 to 32 of the characters a-z, A-Z, 0-9, '.', '_' and '-'.
    username: Option<String>,
    /// Name to show to others, at most 100 characters.
    display_name: Option<String>,
}

/// What a person signs in with: `email` or `username`, and `password`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct LoginBody {
    /// E-mail address.
    email: Option<String>,
    /// User name, or e-mail address.
    username: Option<String>,
    /// Password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    password: String,
}

/// A refresh token to exchange.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RefreshRequest {
    /// The refresh token.
    #[serde(default)]
    #[cfg_attr(test, schema(required))]
    refresh_token: String,
}

/// A refresh token whose session to end.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct LogoutRequest {
    /// The refresh token; left out: the access token's session ends.
    refresh_token: Option<String>,
}

/// Tokens of a session (RFC 6749 section 5.1).
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct TokenResponse {
    /// A JWT in the profile of RFC 9068, for the `Authorization: Bearer` header.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// For one exchange at `/auth/refresh`.
    refresh_token: String,
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
    /// When the user was created, RFC 3339.
    created_at: String,
    /// When the user last signed in, RFC 3339.
    last_login_at: Option<String>,
}

/// A new user, with tokens where registering signs in.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RegisterResponse {
    #[serde(flatten)]
    user: UserView,
    /// Tokens of the first session.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<TokenResponse>,
}

/// The user whom the access token stands for.
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

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            username: user.username,
            display_name: user.display_name,
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

impl From<TokenPair> for TokenResponse {
    fn from(tokens: TokenPair) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token.expose().to_owned(),
        }
    }
}

pub(crate) async fn register<P: Platform>(
    auth: &Auth<P>,
    client: &Client,
    parts: &Parts,
    body: &[u8],
) -> Answer {
    let request: RegisterRequest = body::json(parts, body)?;
    let registration = Registration {
        email: &request.email,
        password: &request.password,
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
    };
    let registered = auth.register(registration, client).await?;
    let response = RegisterResponse {
        user: registered.user.into(),
        tokens: registered.tokens.map(Into::into),
    };
    Ok(reply::json(StatusCode::CREATED, &response))
}

pub(crate) async fn login<P: Platform>(
    auth: &Auth<P>,
    client: &Client,
    parts: &Parts,
    body: &[u8],
) -> Answer {
    let request: LoginBody = body::json(parts, body)?;
    let name = match (&request.email, &request.username) {
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => {
            return Err(ApiError::invalid_field(
                "email",
                "required",
                "E-mail address or user name.",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid_field(
                "username",
                "ambiguous",
                "Either e-mail address or user name.",
            ));
        }
    };
    if request.password.is_empty() {
        return Err(ApiError::invalid_field(
            "password",
            "required",
            "A password is required.",
        ));
    }
    let tokens = auth
        .login(
            LoginRequest {
                name,
                password: &request.password,
            },
            client,
        )
        .await?;
    Ok(token_response(tokens))
}

/// The token endpoint of RFC 6749 section 3.2.
pub(crate) async fn token<P: Platform>(
    auth: &Auth<P>,
    client: &Client,
    parts: &Parts,
    body: &[u8],
) -> Answer {
    let form = Form::parse(parts, body)?;
    let tokens = match form.get("grant_type")? {
        "password" => {
            let (name, password) = (form.get("username")?, form.get("password")?);
            auth.login(LoginRequest { name, password }, client).await?
        }
        "refresh_token" => auth.refresh(form.get("refresh_token")?).await?,
        _ => {
            let message = "The grant types are password and refresh_token.";
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                message,
            ));
        }
    };
    Ok(token_response(tokens))
}

pub(crate) async fn refresh<P: Platform>(auth: &Auth<P>, parts: &Parts, body: &[u8]) -> Answer {
    let request: RefreshRequest = body::json(parts, body)?;
    if request.refresh_token.is_empty() {
        return Err(ApiError::invalid_field(
            "refresh_token",
            "required",
            "A refresh token is required.",
        ));
    }
    Ok(token_response(auth.refresh(&request.refresh_token).await?))
}

pub(crate) async fn logout<P: Platform>(auth: &Auth<P>, parts: &Parts, body: &[u8]) -> Answer {
    let refresh_token = match body {
        [] => None,
        body => body::json::<LogoutRequest>(parts, body)?.refresh_token,
    };
    match refresh_token {
        Some(token) => auth.logout_by_refresh_token(&token).await?,
        None => auth.logout(bearer(parts)?).await?,
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn logout_all<P: Platform>(auth: &Auth<P>, parts: &Parts) -> Answer {
    auth.logout_all(bearer(parts)?).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn me<P: Platform>(auth: &Auth<P>, parts: &Parts) -> Answer {
    let active = auth.authenticate(bearer(parts)?).await?;
    Ok(reply::json(StatusCode::OK, &MeResponse::from(active)))
}

fn token_response(tokens: TokenPair) -> Response<Bytes> {
    let mut response = reply::json(StatusCode::OK, &TokenResponse::from(tokens));
    // RFC 6749 section 5.1 asks for it beside Cache-Control.
    response
        .headers_mut()
        .insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1). Never taken from the query.
fn bearer(parts: &Parts) -> Result<&str, ApiError> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ApiError::unauthenticated());
    };
    match value.to_str().ok().and_then(|value| value.split_once(' ')) {
        // A comma is in no token: some hosts hand over two headers as one.
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.contains(',') => {
            Ok(token.trim())
        }
        _ => Err(ApiError::unauthenticated()),
    }
}
