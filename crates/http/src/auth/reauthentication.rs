//! Reauthentication.

use auth_core::{Evidence, Platform, Presented};
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
    .while_enrolling()
    .json::<ReauthenticateRequest>()
    .answers::<TokenResponse>()
    .fails(&[403, 429])
    .hashes_password(),
];

/// The password or the one-time code of a sign-in by a provider and, if a second factor is enabled, a code.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ReauthenticateRequest {
    /// The password.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
    /// The `code` with which the browser came back from a flow with the purpose `reauthenticate`, instead of the password.
    oauth_code: Option<String>,
    /// The verifier of the `code_challenge` with which that flow began (RFC 7636). Without a challenge, the cookie of the
    /// flow is required.
    code_verifier: Option<String>,
    /// A code of the authenticator app, or a recovery code.
    #[serde(alias = "totp_code")]
    code: Option<String>,
}

async fn reauthenticate<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: ReauthenticateRequest,
) -> Answer<TokenResponse> {
    let flows = call.flow_cookies();
    let identity = request.oauth_code.as_deref().map(|code| Presented {
        code,
        verifier: request.code_verifier.as_deref(),
        flows: &flows,
    });
    let evidence = Evidence {
        password: request.password.as_deref(),
        identity,
        code: request.code.as_deref(),
        ..Evidence::default()
    };
    let tokens = call
        .auth
        .sign_in()
        .reauthenticate(&session, evidence, &call.client())
        .await;
    let answer = tokens.map(|tokens| renewed(call, &tokens, |tokens| tokens));
    call.without_ended_flow(answer, &flows)
}
