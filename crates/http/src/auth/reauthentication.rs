//! Proving once more who one is.

use auth_core::{Evidence, Platform};
use serde::Deserialize;

use crate::auth::tokens::{TokenResponse, renewed};
use crate::call::{Answer, Call};
use crate::proof::Session;
use crate::row::{post, rows};

rows![
    reauthenticate = post(
        "/auth/reauthenticate",
        "Proves once more who is signed in, for what takes a proof within ten minutes; new tokens take the place of the presented ones.",
    )
    .session()
    .json::<ReauthenticateRequest>()
    .answers::<TokenResponse>()
    .fails(&[403, 429])
    .hashes_password(),
];

/// What a person is: the password and, where a second factor is in force, a code of it.
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
