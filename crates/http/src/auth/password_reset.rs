//! Password reset by an e-mailed link.

use auth_core::Platform;
use serde::Deserialize;

use crate::call::{Answer, Call};
use crate::proof::Public;
use crate::response::reply::NoContent;
use crate::row::{post, rows};

rows![
    forgot_password = post(
        "/auth/forgot-password",
        "Sends a password reset link. The answer is the same whether or not the account exists.",
    )
    .json::<EmailRequest>()
    .accepted()
    .fails(&[429]),
    reset_password = post(
        "/auth/reset-password/{token}",
        "Sets a new password with the token of the e-mailed link, and ends all sessions.",
    )
    .json::<ResetPasswordRequest>()
    .fails(&[429])
    .hashes_password(),
    reset_password_by_body = post(
        "/auth/reset-password",
        "Alias of `/auth/reset-password/{token}` with the token in the body.",
    )
    .json::<ResetByTokenRequest>()
    .fails(&[429])
    .hashes_password()
    .deprecated()
    .operation_id("ResetPassword2"),
];

/// The e-mail address to send a link to.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct EmailRequest {
    /// E-mail address.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email, min_length = 1, max_length = 254))]
    pub(super) email: String,
}

/// A new password.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ResetPasswordRequest {
    /// The token of the link, instead of the one in the path.
    token: Option<String>,
    /// The new password: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`). Common
    /// passwords and passwords built from the e-mail address or a name are rejected.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 8, max_length = 1024))]
    password: String,
}

/// The token of a link and a new password.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ResetByTokenRequest {
    /// The token of the link.
    #[serde(default)]
    #[cfg_attr(
        test,
        schema(required, nullable = false, pattern = "^[A-Za-z0-9_-]{43}$")
    )]
    token: Option<String>,
    /// The new password: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`). Common
    /// passwords and passwords built from the e-mail address or a name are rejected.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 8, max_length = 1024))]
    password: String,
}

async fn forgot_password<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    request: EmailRequest,
) -> Answer<NoContent> {
    call.auth
        .accounts()
        .forgot_password(&request.email, &call.client())
        .await?;
    Ok(call.done())
}

async fn reset_password<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    request: ResetPasswordRequest,
) -> Answer<NoContent> {
    let token = request
        .token
        .unwrap_or_else(|| call.path_parameter("token"));
    let device = call
        .auth
        .accounts()
        .reset_password(&token, &request.password, &call.client())
        .await?;
    let mut reply = call.done();
    call.set_device(reply.headers_mut(), &device);
    Ok(reply)
}

async fn reset_password_by_body<P: Platform>(
    call: &Call<'_, P>,
    public: Public,
    request: ResetByTokenRequest,
) -> Answer<NoContent> {
    let ResetByTokenRequest { token, password } = request;
    reset_password(call, public, ResetPasswordRequest { token, password }).await
}
