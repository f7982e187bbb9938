//! Change of the user's own password.

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
        "Changes the password, or sets the first one, and ends all other sessions. Returns tokens that replace the presented ones.",
    )
    .session()
    .json::<ChangePasswordRequest>()
    .answers::<TokenResponse>()
    .fails(&[403, 429])
    .hashes_password(),
];

/// A change of the password.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ChangePasswordRequest {
    /// The current password. An account without a password requires authentication within the last ten minutes instead.
    #[cfg_attr(test, schema(format = Password, min_length = 1))]
    current_password: Option<String>,
    /// The new password: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`). Common
    /// passwords and passwords built from the e-mail address or a name are rejected.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 8, max_length = 1024))]
    new_password: String,
    /// TOTP code or recovery code. Required if a second factor is enabled, unless the session was authenticated with it
    /// within the last ten minutes.
    #[serde(alias = "totp_code")]
    code: Option<String>,
}

async fn change_password<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: ChangePasswordRequest,
) -> Answer<TokenResponse> {
    let evidence = Evidence {
        password: json::optional(request.current_password.as_deref()),
        password_field: "current_password",
        code: request.code.as_deref(),
        ..Evidence::default()
    };
    let tokens = call
        .auth
        .accounts()
        .change_password(&session, evidence, &request.new_password, &call.client())
        .await?;
    Ok(renewed(call, &tokens, |tokens| tokens))
}
