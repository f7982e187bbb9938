//! Change of the user's own e-mail address by a link, and its reversal.

use auth_core::{Evidence, Platform};
use serde::Deserialize;

use crate::account::view::UserView;
use crate::auth::verification::VerifyRequest;
use crate::call::{Answer, Call};
use crate::proof::{OptionalSession, Public, Session};
use crate::request::json;
use crate::response::reply::NoContent;
use crate::row::{post, rows};

rows![
    change_email = post(
        "/account/change-email",
        "Starts a change of the e-mail address by sending a confirmation link to the new one.",
    )
    .session()
    .while_enrolling()
    .json::<ChangeEmailRequest>()
    .accepted()
    .fails(&[403, 429])
    .hashes_password(),
    confirm_email = post(
        "/auth/confirm-email/{token}",
        "Changes the e-mail address with the token of the link that was sent to the new one. Requires a session or the password of the account.",
    )
    .optional_session()
    .while_enrolling()
    .optional_json::<VerifyRequest>()
    .answers::<UserView>()
    .fails(&[403, 409, 429])
    .hashes_password(),
    undo_email = post(
        "/auth/undo-email/{token}",
        "Undoes a change of the e-mail address with the token of the link that was sent to the old one. Ends all sessions.",
    )
    .answers::<UserView>()
    .fails(&[400, 409]),
];

/// A change of the e-mail address.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ChangeEmailRequest {
    /// The new e-mail address.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email, min_length = 1, max_length = 254))]
    email: String,
    /// The current password. An account without a password requires authentication within the last ten minutes instead.
    #[cfg_attr(test, schema(format = Password, min_length = 1))]
    password: Option<String>,
    /// TOTP code or recovery code. Required if a second factor is enabled, unless the session was authenticated with it
    /// within the last ten minutes.
    #[serde(alias = "totp_code")]
    code: Option<String>,
}

async fn change_email<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: ChangeEmailRequest,
) -> Answer<NoContent> {
    let evidence = Evidence {
        password: json::optional(request.password.as_deref()),
        code: request.code.as_deref(),
        ..Evidence::default()
    };
    call.auth
        .accounts()
        .change_email(&session, &request.email, evidence, &call.client())
        .await?;
    Ok(call.done())
}

async fn confirm_email<P: Platform>(
    call: &Call<'_, P>,
    session: OptionalSession,
    request: VerifyRequest,
) -> Answer<UserView> {
    let flows = call.flow_cookies();
    let evidence = request.evidence(&session, &flows);
    let token = call.path_parameter("token");
    let user = call
        .auth
        .accounts()
        .confirm_email(&token, evidence, &call.client())
        .await;
    let answer = user.map(|user| call.json(&user.into()));
    call.without_ended_flow(answer, &flows)
}

async fn undo_email<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<UserView> {
    let user = call
        .auth
        .accounts()
        .undo_email(&call.path_parameter("token"), &call.client())
        .await?;
    Ok(call.json(&user.into()))
}
