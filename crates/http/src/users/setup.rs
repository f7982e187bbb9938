//! Creation of the first administrator.

use auth_core::{FirstAdministrator, Platform};
use serde::Deserialize;

use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::{Authorize, Guard};
use crate::request::json;
use crate::row::{post, rows};
use crate::users::view::UserRecord;

rows![
    set_up = post(
        "/setup",
        "Creates the first administrator. Requires `SETUP_TOKEN`, and works only once.",
    )
    .guarded::<SetUpOffered>()
    .json::<SetupRequest>()
    .creates::<UserRecord>()
    .fails(&[403, 404, 409, 429])
    .hashes_password(),
];

/// Proof that the operator has set `SETUP_TOKEN`. Without it the route answers 404.
pub(crate) struct SetUpOffered(());

impl Guard for SetUpOffered {}

impl Authorize for SetUpOffered {
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError> {
        match call.config().setup_token {
            Some(_) => Ok(Self(())),
            None => Err(ApiError::not_found()),
        }
    }
}

/// The first administrator.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct SetupRequest {
    /// The value of `SETUP_TOKEN`.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 1))]
    token: String,
    /// E-mail address.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email, min_length = 1, max_length = 254))]
    email: String,
    /// Password: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`). Common passwords and
    /// passwords built from the e-mail address or a name are rejected.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 8, max_length = 1024))]
    password: String,
    /// User name: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, starting with a letter or digit.
    #[cfg_attr(test, schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$"))]
    username: Option<String>,
}

async fn set_up<P: Platform>(
    call: &Call<'_, P>,
    _: SetUpOffered,
    request: SetupRequest,
) -> Answer<UserRecord> {
    let token = json::required("token", &request.token)?;
    let first = FirstAdministrator {
        email: &request.email,
        username: request.username.as_deref(),
        password: &request.password,
    };
    let member = call
        .auth
        .setup()
        .set_up(token, first, &call.client())
        .await?;
    Ok(call.json(&UserRecord::of(call, member)))
}
