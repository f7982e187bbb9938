//! Registering, signing in and out.

use auth_core::{
    Error, Login, LoginRequest, MfaChallenge, Platform, Registration, Tokens, Transport,
};
use bytes::Bytes;
use http::header::PRAGMA;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accounts::UserView;
use crate::body::{self, Form};
use crate::caller::{Call, bearer};
use crate::error::ApiError;
use crate::reply;
use crate::service::Answer;

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
    /// Values of the configured extra fields.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
    /// What carries the session: `jwt`, `session`, `cookie` or `jwt_cookie`.
    transport: Option<String>,
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
    /// Where a second factor is in force: a code of it, or a recovery code.
    totp_code: Option<String>,
    /// What carries the session: `jwt`, `session`, `cookie` or `jwt_cookie`.
    transport: Option<String>,
}

/// A code of the second factor, for a login that waits for it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct LoginMfaRequest {
    /// What the login answered.
    #[serde(default)]
    #[cfg_attr(test, schema(required))]
    mfa_token: String,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default)]
    #[cfg_attr(test, schema(required))]
    code: String,
    /// What carries the session: `jwt`, `session`, `cookie` or `jwt_cookie`.
    transport: Option<String>,
}

/// A refresh token to exchange.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RefreshRequest {
    /// The refresh token; left out: that of the cookie.
    refresh_token: Option<String>,
}

/// A refresh token whose session to end.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct LogoutRequest {
    /// The refresh token; left out: the session of the token in the header or cookie ends.
    refresh_token: Option<String>,
}

/// Tokens of a session (RFC 6749 section 5.1). In cookies: `expires_in` alone.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct TokenResponse {
    /// For the `Authorization: Bearer` header: a JWT in the profile of RFC 9068, or an opaque token (`s_…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(nullable = false))]
    access_token: Option<String>,
    /// `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(nullable = false))]
    token_type: Option<&'static str>,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// For one exchange at `/auth/refresh`; opaque tokens have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(nullable = false))]
    refresh_token: Option<String>,
}

/// A login that waits for a second factor.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct MfaRequiredResponse {
    /// True.
    mfa_required: bool,
    /// For `/auth/login/mfa`, once.
    mfa_token: String,
    /// Which codes are taken: `totp`, `recovery_code`.
    methods: [&'static str; 2],
    /// Seconds until the login has to be begun anew.
    expires_in: u64,
}

/// Tokens, or what a second factor needs.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[cfg_attr(not(test), allow(dead_code, reason = "documents what a login answers"))]
pub(crate) enum LoginResponse {
    SignedIn(TokenResponse),
    MfaRequired(MfaRequiredResponse),
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

pub(crate) async fn register<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: RegisterRequest = body::json(call.parts, call.body)?;
    let transport = call.transport(request.transport.as_deref())?;
    let registration = Registration {
        email: &request.email,
        password: &request.password,
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
        carrier: transport.carrier(),
    };
    let registered = call.auth.register(registration, &call.client()).await?;
    let mut headers = HeaderMap::new();
    let tokens = registered
        .tokens
        .map(|tokens| hand_out(call, tokens, transport, &mut headers));
    let response = RegisterResponse {
        user: registered.user.into(),
        tokens,
    };
    let mut response = reply::json(StatusCode::CREATED, &response);
    response.headers_mut().extend(headers);
    Ok(response)
}

pub(crate) async fn login<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: LoginBody = body::json(call.parts, call.body)?;
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
    let password = body::required("password", &request.password)?;
    let transport = call.transport(request.transport.as_deref())?;
    let request = LoginRequest {
        name,
        password,
        code: request.totp_code.as_deref().filter(|code| !code.is_empty()),
        carrier: transport.carrier(),
    };
    match call.auth.login(request, &call.client()).await? {
        Login::SignedIn(tokens) => Ok(signed_in(call, tokens, transport)),
        Login::MfaRequired(MfaChallenge { token, expires_in }) => {
            let response = LoginResponse::MfaRequired(MfaRequiredResponse {
                mfa_required: true,
                mfa_token: token.expose().to_owned(),
                methods: ["totp", "recovery_code"],
                expires_in,
            });
            Ok(reply::json(StatusCode::OK, &response))
        }
    }
}

pub(crate) async fn login_mfa<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: LoginMfaRequest = body::json(call.parts, call.body)?;
    let token = body::required("mfa_token", &request.mfa_token)?;
    let code = body::required("code", &request.code)?;
    let transport = call.transport(request.transport.as_deref())?;
    let tokens = call
        .auth
        .login_by_second_factor(token, code, transport.carrier(), &call.client())
        .await
        .map_err(|error| match error {
            Error::Link(_) => ApiError::mfa_token_invalid(),
            error => error.into(),
        })?;
    Ok(signed_in(call, tokens, transport))
}

/// The token endpoint of RFC 6749 section 3.2.
pub(crate) async fn token<P: Platform>(call: &Call<'_, P>) -> Answer {
    let form = Form::parse(call.parts, call.body)?;
    let grant_type = match form.optional("grant_type") {
        // Other systems leave it out.
        None if call.route.deprecated => "password",
        _ => form.get("grant_type")?,
    };
    let tokens = match grant_type {
        "password" => login_by_form(call, &form, Transport::Jwt).await?,
        "refresh_token" => Tokens::Jwt(
            call.auth
                .refresh(form.get("refresh_token")?, &call.client())
                .await?,
        ),
        _ => {
            let message = "The grant types are password and refresh_token.";
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                message,
            ));
        }
    };
    Ok(signed_in(call, tokens, Transport::Jwt))
}

/// A form that signs in and sets a cookie, as fastapi-users has it.
pub(crate) async fn cookie_login<P: Platform>(call: &Call<'_, P>) -> Answer {
    // A form can be sent by any page.
    call.refuse_other_sites()?;
    let form = Form::parse(call.parts, call.body)?;
    let tokens = login_by_form(call, &form, Transport::Cookie).await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    call.set_cookies(response.headers_mut(), &tokens);
    if let Some(device) = tokens.device() {
        call.set_device(response.headers_mut(), device);
    }
    Ok(response)
}

async fn login_by_form<P: Platform>(
    call: &Call<'_, P>,
    form: &Form,
    transport: Transport,
) -> Result<Tokens, ApiError> {
    let request = LoginRequest {
        name: form.get("username")?,
        password: form.get("password")?,
        code: form.optional("totp_code"),
        carrier: transport.carrier(),
    };
    match call.auth.login(request, &call.client()).await? {
        Login::SignedIn(tokens) => Ok(tokens),
        Login::MfaRequired(challenge) => Err(ApiError::mfa_required(challenge.token.expose())),
    }
}

pub(crate) async fn refresh<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: RefreshRequest = body::optional_json(call.parts, call.body)?;
    if let Some(token) = request.refresh_token {
        let token = body::required("refresh_token", &token)?;
        let tokens = Tokens::Jwt(call.auth.refresh(token, &call.client()).await?);
        return Ok(signed_in(call, tokens, Transport::Jwt));
    }
    let cookies = call.refresh_cookies();
    body::required(
        "refresh_token",
        cookies.first().copied().unwrap_or_default(),
    )?;
    call.require_own_page()?;
    let sessions = call.refreshed_sessions();
    for token in call.refresh_candidates() {
        let refreshed = match &sessions {
            Some(sessions) => {
                let client = call.client();
                call.auth.refresh_within(token, sessions, &client).await
            }
            None => call.auth.refresh(token, &call.client()).await,
        };
        match refreshed {
            Err(Error::RefreshToken) => {}
            refreshed => {
                let tokens = Tokens::Jwt(refreshed?);
                return Ok(signed_in(call, tokens, Transport::JwtCookie));
            }
        }
    }
    Err(ApiError::from(Error::RefreshToken).clearing_cookies())
}

pub(crate) async fn logout<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: LogoutRequest = body::optional_json(call.parts, call.body)?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    if let Some(token) = request.refresh_token {
        call.auth
            .logout_by_refresh_token(&token, &call.client())
            .await?;
        return Ok(response);
    }
    if call.has_header() {
        call.auth
            .logout(bearer(call.parts)?, &call.client())
            .await?;
    } else {
        logout_by_cookies(call).await?;
    }
    call.clear_cookies(response.headers_mut());
    Ok(response)
}

/// Ends every session that a cookie is of: none that the browser holds goes on. The access token of a cookie lives shorter
/// than its session, which the refresh token then ends.
async fn logout_by_cookies<P: Platform>(call: &Call<'_, P>) -> Result<(), ApiError> {
    let (tokens, refresh_tokens) = (call.session_cookies(), call.refresh_cookies());
    if tokens.is_empty() && refresh_tokens.is_empty() {
        return Err(ApiError::unauthenticated());
    }
    call.require_own_page()?;
    let client = call.client();
    let mut is_known = !refresh_tokens.is_empty();
    let mut refusal = None;
    for token in tokens {
        match call.auth.logout(token, &client).await {
            Err(Error::AccessToken(cause)) => refusal = Some(cause),
            ended => {
                ended?;
                is_known = true;
            }
        }
    }
    for token in call.refresh_candidates() {
        call.auth.logout_by_refresh_token(token, &client).await?;
    }
    match refusal {
        Some(cause) if !is_known => {
            Err(ApiError::from(Error::AccessToken(cause)).clearing_cookies())
        }
        _ => Ok(()),
    }
}

pub(crate) async fn logout_all<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    call.auth.logout_all(&active, &call.client()).await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    call.clear_cookies(response.headers_mut());
    Ok(response)
}

fn signed_in<P: Platform>(
    call: &Call<'_, P>,
    tokens: Tokens,
    transport: Transport,
) -> Response<Bytes> {
    let mut headers = HeaderMap::new();
    let tokens = hand_out(call, tokens, transport, &mut headers);
    let mut response = reply::json(StatusCode::OK, &LoginResponse::SignedIn(tokens));
    response.headers_mut().extend(headers);
    // RFC 6749 section 5.1 asks for it beside Cache-Control.
    response
        .headers_mut()
        .insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Tokens as the client wants to carry them: in the body, or in cookies.
fn hand_out<P: Platform>(
    call: &Call<'_, P>,
    tokens: Tokens,
    transport: Transport,
    headers: &mut HeaderMap,
) -> TokenResponse {
    let (access_token, expires_in, refresh_token) = match &tokens {
        Tokens::Jwt(pair) => (
            pair.access_token.clone(),
            pair.expires_in,
            Some(pair.refresh_token.expose().to_owned()),
        ),
        Tokens::Opaque(token) => (String::clone(&token.token), token.expires_in, None),
    };
    if transport.is_cookie() {
        call.set_cookies(headers, &tokens);
    }
    // Also where the session is carried otherwise: it is the browser that is known.
    if let Some(device) = tokens.device() {
        call.set_device(headers, device);
    }
    if transport.is_cookie() {
        return TokenResponse {
            access_token: None,
            token_type: None,
            expires_in,
            refresh_token: None,
        };
    }
    TokenResponse {
        access_token: Some(access_token),
        token_type: Some("Bearer"),
        expires_in,
        refresh_token,
    }
}
