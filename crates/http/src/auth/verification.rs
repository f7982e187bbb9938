//! E-mail verification.

use auth_core::{Evidence, FlowCookies, Platform, Presented};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::account::view::UserView;
use crate::auth::password_reset::EmailRequest;
use crate::call::{Answer, Call};
use crate::proof::{OptionalSession, Public};
use crate::response::reply::NoContent;
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
        "Verifies an e-mail address with the token of the e-mailed link. Requires a session of the account, its password, or a sign-in by a provider that is linked to it.",
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
    /// The `code` with which the browser came back from a flow with the purpose `verify`, instead of the password.
    oauth_code: Option<String>,
    /// The verifier of the `code_challenge` with which that flow began (RFC 7636). Without a challenge, the cookie of the
    /// flow is required.
    code_verifier: Option<String>,
}

impl VerifyRequest {
    /// Returns the token in the body or, without one, the token in the path.
    pub(crate) fn token<P: Platform>(&self, call: &Call<'_, P>) -> String {
        self.token
            .clone()
            .unwrap_or_else(|| call.path_parameter("token"))
    }

    /// Returns the proof of the account, including the session of the request and its cookies of flows.
    pub(crate) fn evidence<'a>(
        &'a self,
        session: &'a OptionalSession,
        flows: &'a FlowCookies<'a>,
    ) -> Evidence<'a> {
        Evidence {
            session: session.get(),
            password: self.password.as_deref(),
            identity: self.oauth_code.as_deref().map(|code| Presented {
                code,
                verifier: self.code_verifier.as_deref(),
                flows,
            }),
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
    /// The `code` with which the browser came back from a flow with the purpose `verify`, instead of the password.
    oauth_code: Option<String>,
    /// The verifier of the `code_challenge` with which that flow began (RFC 7636). Without a challenge, the cookie of the
    /// flow is required.
    code_verifier: Option<String>,
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
    let flows = call.flow_cookies();
    let user = call
        .auth
        .accounts()
        .verify_email(
            &request.token(call),
            request.evidence(&session, &flows),
            &call.client(),
        )
        .await;
    let answer = user.map(|user| call.json(&user.into()));
    call.without_ended_flow(answer, &flows)
}

async fn verify_email_by_body<P: Platform>(
    call: &Call<'_, P>,
    session: OptionalSession,
    request: VerifyByTokenRequest,
) -> Answer<UserView> {
    let VerifyByTokenRequest {
        token,
        password,
        oauth_code,
        code_verifier,
    } = request;
    let request = VerifyRequest {
        token,
        password,
        oauth_code,
        code_verifier,
    };
    verify_email(call, session, request).await
}

async fn verify_email_by_session<P: Platform>(
    call: &Call<'_, P>,
    session: OptionalSession,
) -> Answer<UserView> {
    if session.get().is_none() && call.wants_a_page() {
        return to_page(call);
    }
    verify_email(call, session, VerifyRequest::default()).await
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
    call.redirect(&page)
}
