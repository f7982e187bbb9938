//! Reauthentication.

use auth_core::{Evidence, Platform};
use serde::Deserialize;

use crate::auth::tokens::{TokenResponse, renewed};
use crate::call::{Answer, Call};
use crate::proof::Session;
use crate::row::{post, rows};

rows![
    reauthenticate = post(
        "/auth/reauthenticate",
        "Reauthenticates the user, for operations that require authentication within the last ten minutes. Returns tokens that replace the presented ones.",
    )
    .session()
    .json::<ReauthenticateRequest>()
    .answers::<TokenResponse>()
    .fails(&[403, 429])
    .hashes_password(),
];

/// The password and, if a second factor is enabled, a code.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ReauthenticateRequest {
    /// The password.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
    /// A code of the authenticator app, or a recovery code.
    #[serde(alias = "totp_code")]
    code: Option<String>,
}

async fn reauthenticate<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: ReauthenticateRequest,
) -> Answer<TokenResponse> {
    let evidence = Evidence {
        password: request.password.as_deref(),
        code: request.code.as_deref(),
        ..Evidence::default()
    };
    let tokens = call
        .auth
        .sign_in()
        .reauthenticate(&session, evidence, &call.client())
        .await?;
    Ok(renewed(call, &tokens, |tokens| tokens))
}
