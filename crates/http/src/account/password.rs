//! Changing the own password.

use auth_core::{Evidence, Platform};
use serde::Deserialize;

use crate::auth::tokens::{TokenResponse, renewed};
use crate::call::{Answer, Call};
use crate::proof::Session;
use crate::request::json;
use crate::row::{post, rows};

rows![
    change_password = post(
        "/account/change-password",
        "Sets another password. All other sessions end, and new tokens take the place of the presented ones.",
    )
    .session()
    .json::<ChangePasswordRequest>()
    .answers::<TokenResponse>()
    .fails(&[403, 429])
    .hashes_password(),
];

/// Another password.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ChangePasswordRequest {
    /// The current password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 1))]
    current_password: String,
    /// The new one: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`), none of the common ones and
    /// not made of the address or a name.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 8, max_length = 1024))]
    new_password: String,
    /// A code of the second factor, or a recovery code; where one is in force it is needed some time after signing in.
    #[serde(alias = "totp_code")]
    code: Option<String>,
}

async fn change_password<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: ChangePasswordRequest,
) -> Answer<TokenResponse> {
    let current = json::required("current_password", &request.current_password)?;
    let evidence = Evidence {
        code: request.code.as_deref(),
        ..Evidence::password(current)
    };
    let tokens = call
        .auth
        .accounts()
        .change_password(&session, evidence, &request.new_password, &call.client())
        .await?;
    Ok(renewed(call, &tokens, |tokens| tokens))
}
