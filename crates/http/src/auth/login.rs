//! Sign-in with password and, if enabled, a second factor.

use auth_core::{Continuation, Error, Login, MfaChallenge, Platform};
use serde::{Deserialize, Serialize};

use crate::auth::tokens::{TokenResponse, signed_in};
use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::Public;
use crate::request::json;
use crate::row::{post, rows};

rows![
    login = post(
        "/auth/login",
        "Signs in with an e-mail address or user name and a password.",
    )
    .json::<LoginRequest>()
    .answers::<LoginResponse>()
    .fails(&[401, 403, 429])
    .hashes_password(),
    login_mfa = post(
        "/auth/login/mfa",
        "Completes a login with a code of the second factor.",
    )
    .json::<LoginMfaRequest>()
    .answers::<TokenResponse>()
    .fails(&[401, 403, 429]),
];

/// Credentials: exactly one of `email` and `username`, and `password`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(min_properties = 2))]
pub(crate) struct LoginRequest {
    /// E-mail address.
    email: Option<String>,
    /// User name or e-mail address.
    username: Option<String>,
    /// Password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 1))]
    password: String,
    /// TOTP code or recovery code, if a second factor is enabled.
    totp_code: Option<String>,
    /// Selects how the tokens are delivered: `jwt`, `session`, `cookie` or `jwt_cookie`.
    #[cfg_attr(test, schema(pattern = "^(jwt|session|cookie|jwt_cookie)$"))]
    transport: Option<String>,
}

/// A code of the second factor for a pending login.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct LoginMfaRequest {
    /// The `mfa_token` from the answer to the login.
    #[serde(default)]
    #[cfg_attr(test, schema(required, min_length = 1))]
    mfa_token: String,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default)]
    #[cfg_attr(test, schema(required, min_length = 1))]
    code: String,
    /// Selects how the tokens are delivered: `jwt`, `session`, `cookie` or `jwt_cookie`.
    #[cfg_attr(test, schema(pattern = "^(jwt|session|cookie|jwt_cookie)$"))]
    transport: Option<String>,
}

/// A pending login that requires a second factor.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct MfaRequiredResponse {
    /// Always true.
    mfa_required: bool,
    /// Token for `/auth/login/mfa`. Can be used once.
    mfa_token: String,
    /// Accepted kinds of codes: `totp`, `recovery_code`.
    methods: [&'static str; 2],
    /// Seconds until the login expires and must be started again.
    expires_in: u64,
    /// Where the browser goes in the end, if `/auth/oauth/{provider}` was given a `transport`.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<String>,
    /// The `transport` that was given, for `/auth/login/mfa`.
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
}

/// Returns where a browser goes in the end, and the name of the transport.
pub(crate) fn continued(
    continuation: Option<Continuation>,
) -> (Option<String>, Option<&'static str>) {
    continuation
        .map(|rest| (rest.redirect_to, rest.transport.name()))
        .unzip()
}

impl MfaRequiredResponse {
    pub(crate) fn of(challenge: &MfaChallenge) -> Self {
        Self {
            mfa_required: true,
            mfa_token: challenge.token.expose().to_owned(),
            methods: ["totp", "recovery_code"],
            expires_in: challenge.expires_in,
            redirect_to: None,
            transport: None,
        }
    }

    /// Adds how the sign-in goes on.
    pub(crate) fn then(self, continuation: Option<Continuation>) -> Self {
        let (redirect_to, transport) = continued(continuation);
        Self {
            redirect_to,
            transport,
            ..self
        }
    }
}

/// Tokens, or a pending login that requires a second factor.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) enum LoginResponse {
    SignedIn(TokenResponse),
    MfaRequired(MfaRequiredResponse),
}

async fn login<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    request: LoginRequest,
) -> Answer<LoginResponse> {
    let name = match (&request.email, &request.username) {
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => {
            return Err(ApiError::invalid_field(
                "email",
                "required",
                "Send an e-mail address or a user name.",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid_field(
                "username",
                "ambiguous",
                "Send either an e-mail address or a user name, not both.",
            ));
        }
    };
    let password = json::required("password", &request.password)?;
    let transport = call.transport(request.transport.as_deref())?;
    let request = auth_core::LoginRequest {
        name,
        password,
        code: request.totp_code.as_deref().filter(|code| !code.is_empty()),
        token_format: transport.token_format(),
        replaces: &call.replaced(transport),
    };
    match call.auth.sign_in().login(request, &call.client()).await? {
        Login::SignedIn(tokens) => Ok(signed_in(call, &tokens, transport, LoginResponse::SignedIn)),
        Login::MfaRequired(challenge) => {
            let response = LoginResponse::MfaRequired(MfaRequiredResponse::of(&challenge));
            Ok(call.json(&response))
        }
    }
}

async fn login_mfa<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    request: LoginMfaRequest,
) -> Answer<TokenResponse> {
    let token = json::required("mfa_token", &request.mfa_token)?;
    let code = json::required("code", &request.code)?;
    let transport = call.transport(request.transport.as_deref())?;
    let tokens = call
        .auth
        .sign_in()
        .login_by_second_factor(
            token,
            code,
            transport.token_format(),
            &call.replaced(transport),
            &call.client(),
        )
        .await
        .map_err(|error| match error {
            Error::Link(_) => ApiError::mfa_token_invalid(),
            error => error.into(),
        })?;
    Ok(signed_in(call, &tokens, transport, |tokens| tokens))
}
