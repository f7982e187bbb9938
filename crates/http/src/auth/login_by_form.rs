//! Logins by form: the OAuth 2.0 token endpoint, and a login that sets a cookie for clients of other systems.

use auth_core::{Login, LoginRequest, Platform, SessionTransport, Tokens};
use http::StatusCode;

use crate::auth::tokens::{TokenResponse, signed_in};
use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::{Public, SameSite};
use crate::request::form::Form;
use crate::response::reply::NoContent;
use crate::row::{post, rows};

rows![
    token = post(
        "/auth/token",
        "Issues tokens (OAuth 2.0 token endpoint). Grant types: `refresh_token` and, only for first-party clients, `password` (`PASSWORD_GRANT`).",
    )
    .form::<TokenRequest>()
    .answers::<TokenResponse>()
    .fails(&[429])
    .hashes_password(),
    token = post("/token", "Alias of `/auth/token`.")
        .form::<TokenRequest>()
        .answers::<TokenResponse>()
        .fails(&[429])
        .hashes_password()
        .deprecated(),
    token = post("/auth/jwt/login", "Alias of `/auth/token`.")
        .form::<TokenRequest>()
        .answers::<TokenResponse>()
        .fails(&[429])
        .hashes_password()
        .deprecated(),
    cookie_login = post(
        "/auth/cookie/login",
        "Signs in by form and sets the session cookie.",
    )
    .guarded::<SameSite>()
    .form::<TokenRequest>()
    .fails(&[403, 429])
    .hashes_password()
    .deprecated(),
];

/// Parameters of a token request (RFC 6749 sections 4.3.2 and 6).
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[allow(dead_code, reason = "documents the form")]
pub(crate) struct TokenRequest {
    /// `password` or `refresh_token`. `password` is only for first-party clients, and is rejected with
    /// `unsupported_grant_type` if `PASSWORD_GRANT` is off.
    #[cfg_attr(test, schema(pattern = "^(password|refresh_token)$"))]
    grant_type: String,
    /// E-mail address or user name. Required with `password`.
    #[cfg_attr(test, schema(nullable = false, min_length = 1))]
    username: Option<String>,
    /// Password. Required with `password`.
    #[cfg_attr(test, schema(nullable = false, min_length = 1))]
    password: Option<String>,
    /// Refresh token. Required with `refresh_token`.
    #[cfg_attr(test, schema(nullable = false, min_length = 1))]
    refresh_token: Option<String>,
    /// TOTP code or recovery code. Required with `password` if a second factor is enabled.
    #[cfg_attr(test, schema(nullable = false))]
    totp_code: Option<String>,
}

/// Answers a request to the token endpoint (RFC 6749 section 3.2).
async fn token<P: Platform>(call: &Call<'_, P>, _: Public, form: Form) -> Answer<TokenResponse> {
    let grant_type = match form.optional("grant_type") {
        // Clients of other systems omit it.
        None if call.route.deprecated => "password",
        _ => form.get("grant_type")?,
    };
    let tokens = match grant_type {
        "password" if call.config().password_grant() => {
            login_by_form(call, &form, SessionTransport::Jwt).await?
        }
        "refresh_token" => Tokens::Jwt(
            call.auth
                .sessions()
                .refresh(form.get("refresh_token")?, &call.client())
                .await?,
        ),
        _ => {
            let message = if call.config().password_grant() {
                "This grant type is not supported; use password or refresh_token."
            } else {
                "This grant type is not supported; use refresh_token."
            };
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                message,
            ));
        }
    };
    Ok(signed_in(call, &tokens, SessionTransport::Jwt, |tokens| {
        tokens
    }))
}

/// Signs in by form and sets a cookie, as in fastapi-users. Any page can send a form, so the route refuses forms from
/// other sites.
async fn cookie_login<P: Platform>(
    call: &Call<'_, P>,
    _: SameSite,
    form: Form,
) -> Answer<NoContent> {
    let tokens = login_by_form(call, &form, SessionTransport::Cookie).await?;
    let mut reply = call.done();
    call.set_cookies(reply.headers_mut(), &tokens);
    if let Some(device) = tokens.device() {
        call.set_device(reply.headers_mut(), device);
    }
    Ok(reply)
}

async fn login_by_form<P: Platform>(
    call: &Call<'_, P>,
    form: &Form,
    transport: SessionTransport,
) -> Result<Tokens, ApiError> {
    let request = LoginRequest {
        name: form.get("username")?,
        password: form.get("password")?,
        code: form.optional("totp_code"),
        token_format: transport.token_format(),
        replaces: &call.replaced(transport),
    };
    match call.auth.sign_in().login(request, &call.client()).await? {
        Login::SignedIn(tokens) => Ok(tokens),
        Login::MfaRequired(challenge) => Err(ApiError::mfa_required(challenge.token.expose())),
    }
}
