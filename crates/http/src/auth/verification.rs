//! E-mail verification.

use auth_core::{Evidence, Platform};
use http::header::{ACCEPT, LOCATION};
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::account::view::UserView;
use crate::auth::password_reset::EmailRequest;
use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::{OptionalSession, Public};
use crate::response::reply::{self, NoContent, Reply};
use crate::row::{get, post, rows};

rows![
    resend_verification = post(
        "/auth/verify/resend",
        "Sends the verification link again. The answer is the same whether or not the account exists.",
    )
    .json::<EmailRequest>()
    .accepted()
    .fails(&[429]),
    resend_verification = post(
        "/auth/request-verify-token",
        "Alias of `/auth/verify/resend`.",
    )
    .json::<EmailRequest>()
    .accepted()
    .fails(&[429])
    .deprecated(),
    verify_email = post(
        "/auth/verify/{token}",
        "Verifies an e-mail address with the token of the e-mailed link. Requires a session or the password of the account.",
    )
    .optional_session()
    .while_enrolling()
    .optional_json::<VerifyRequest>()
    .answers::<UserView>()
    .fails(&[403, 429])
    .hashes_password(),
    verify_email_by_session = get(
        "/auth/verify/{token}",
        "Verifies an e-mail address with a session of the account. Redirects browsers without a session to the page `/verify`.",
    )
    .optional_session()
    .while_enrolling()
    .answers::<UserView>()
    .fails(&[400, 403])
    .acts()
    .operation_id("VerifyEmail2"),
    verify_email_by_body = post(
        "/auth/verify",
        "Alias of `/auth/verify/{token}` with the token in the body.",
    )
    .optional_session()
    .while_enrolling()
    .json::<VerifyByTokenRequest>()
    .answers::<UserView>()
    .fails(&[403, 429])
    .hashes_password()
    .deprecated()
    .operation_id("VerifyEmail3"),
];

/// Proof of the account besides access to its mailbox.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct VerifyRequest {
    /// The token of the link, instead of the one in the path.
    token: Option<String>,
    /// Password of the account, if no session of it is presented.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
}

impl VerifyRequest {
    /// Returns the token in the body or, without one, the token in the path.
    pub(crate) fn token<P: Platform>(&self, call: &Call<'_, P>) -> String {
        self.token
            .clone()
            .unwrap_or_else(|| call.path_parameter("token"))
    }

    /// Returns the proof of the account, including the session of the request.
    pub(crate) fn evidence<'a>(&'a self, session: &'a OptionalSession) -> Evidence<'a> {
        Evidence {
            session: session.get(),
            password: self.password.as_deref(),
            ..Evidence::default()
        }
    }
}

/// The token of a link, and proof of the account besides access to its mailbox.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct VerifyByTokenRequest {
    /// The token of the link.
    #[serde(default)]
    #[cfg_attr(
        test,
        schema(required, nullable = false, pattern = "^[A-Za-z0-9_-]{43}$")
    )]
    token: Option<String>,
    /// Password of the account, if no session of it is presented.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
}

async fn resend_verification<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    request: EmailRequest,
) -> Answer<NoContent> {
    call.auth
        .accounts()
        .resend_verification(&request.email, &call.client())
        .await?;
    Ok(call.done())
}

async fn verify_email<P: Platform>(
    call: &Call<'_, P>,
    session: OptionalSession,
    request: VerifyRequest,
) -> Answer<UserView> {
    let user = call
        .auth
        .accounts()
        .verify_email(
            &request.token(call),
            request.evidence(&session),
            &call.client(),
        )
        .await?;
    Ok(call.json(&user.into()))
}

async fn verify_email_by_body<P: Platform>(
    call: &Call<'_, P>,
    session: OptionalSession,
    request: VerifyByTokenRequest,
) -> Answer<UserView> {
    let VerifyByTokenRequest { token, password } = request;
    verify_email(call, session, VerifyRequest { token, password }).await
}

async fn verify_email_by_session<P: Platform>(
    call: &Call<'_, P>,
    session: OptionalSession,
) -> Answer<UserView> {
    if session.get().is_none() && wants_a_page(call) {
        return to_page(call);
    }
    verify_email(call, session, VerifyRequest::default()).await
}

/// Whether the client is a browser that shows the answer as a page.
fn wants_a_page<P>(call: &Call<'_, P>) -> bool {
    let accepted = call.parts.headers.get(ACCEPT);
    accepted.is_some_and(|accepted| {
        accepted
            .to_str()
            .is_ok_and(|text| text.contains("text/html"))
    })
}

/// The characters to escape in a query (RFC 3986 section 2.3).
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Redirects to the page that asks for the password.
fn to_page<P: Platform>(call: &Call<'_, P>) -> Answer<UserView> {
    let page = format!(
        "{}/verify?token={}",
        call.config().web.frontend(),
        utf8_percent_encode(&call.path_parameter("token"), UNSAFE)
    );
    let mut reply = Reply::of(reply::empty(StatusCode::SEE_OTHER));
    let location = HeaderValue::from_str(&page).map_err(|_| ApiError::not_found())?;
    reply.headers_mut().insert(LOCATION, location);
    Ok(reply)
}
