//! Registration.

use auth_core::{Platform, Registration};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::account::view::UserView;
use crate::auth::tokens::{TokenResponse, token_response};
use crate::call::{Answer, Call};
use crate::proof::Public;
use crate::row::{post, rows};

rows![
    register = post(
        "/auth/register",
        "Registers a user and, if so configured, signs them in.",
    )
    .json::<RegisterRequest>()
    .creates::<RegisterResponse>()
    .fails(&[409, 429])
    .hashes_password(),
    register = post("/register", "Alias of `/auth/register`.")
        .json::<RegisterRequest>()
        .creates::<RegisterResponse>()
        .fails(&[409, 429])
        .hashes_password()
        .deprecated(),
    register = post("/auth/signup", "Alias of `/auth/register`.")
        .json::<RegisterRequest>()
        .creates::<RegisterResponse>()
        .fails(&[409, 429])
        .hashes_password()
        .deprecated(),
];

/// A registration. Omitted fields count as empty, so that all broken rules are reported at once.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RegisterRequest {
    /// E-mail address, at most 254 bytes. Not case-sensitive.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email, min_length = 1, max_length = 254, example = "ada@example.com"))]
    email: String,
    /// Password: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`). Common passwords and
    /// passwords built from the e-mail address or a name are rejected.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 8, max_length = 1024, example = "correct horse battery staple"))]
    password: String,
    /// User name for signing in: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, starting with a letter or
    /// digit.
    #[cfg_attr(test, schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$"))]
    username: Option<String>,
    /// Display name: at most 100 characters, no control characters.
    #[cfg_attr(
        test,
        schema(max_length = 100, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$")
    )]
    display_name: Option<String>,
    /// Values of the extra fields configured in `PROFILE_FIELDS`: strings, numbers or booleans. Unknown fields are
    /// rejected; required fields must be present.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
    /// Selects how the tokens are delivered: `jwt`, `session`, `cookie` or `jwt_cookie`.
    #[cfg_attr(test, schema(pattern = "^(jwt|session|cookie|jwt_cookie)$"))]
    transport: Option<String>,
}

/// The new user, with tokens if registration signs in.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RegisterResponse {
    #[serde(flatten)]
    user: UserView,
    /// Tokens of the first session.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<TokenResponse>,
}

async fn register<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    request: RegisterRequest,
) -> Answer<RegisterResponse> {
    let transport = call.transport(request.transport.as_deref())?;
    let registration = Registration {
        email: &request.email,
        password: &request.password,
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
        token_format: transport.token_format(),
        replaces: &call.replaced(transport),
    };
    let registered = call
        .auth
        .accounts()
        .register(registration, &call.client())
        .await?;
    let mut headers = HeaderMap::new();
    let tokens = registered
        .tokens
        .map(|tokens| token_response(call, &tokens, transport, &mut headers));
    let response = RegisterResponse {
        user: registered.user.into(),
        tokens,
    };
    let mut reply = call.json(&response);
    reply.headers_mut().extend(headers);
    Ok(reply)
}
