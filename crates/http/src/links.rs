//! Links in mails: verifying an address, resetting a password, changing an address and taking that back.

use auth_core::storage::ActiveSession;
use auth_core::{Platform, Proof};
use http::header::{ACCEPT, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::accounts::UserView;
use crate::body;
use crate::caller::Call;
use crate::error::ApiError;
use crate::reply;
use crate::service::Answer;

/// An e-mail address that something is to be sent to.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct EmailRequest {
    /// The address.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email))]
    email: String,
}

/// What proves an account besides its mail.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct VerifyRequest {
    /// The token of the link, where it is not in the path.
    token: Option<String>,
    /// The account's password, where no session of it is presented.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
}

/// A new password.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ResetPasswordRequest {
    /// The token of the link, where it is not in the path.
    token: Option<String>,
    /// The new password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    password: String,
}

pub(crate) async fn resend_verification<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: EmailRequest = body::json(call.parts, call.body)?;
    call.auth
        .resend_verification(&request.email, &call.client())
        .await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}

pub(crate) async fn verify_email<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: VerifyRequest = body::optional_json(call.parts, call.body)?;
    let session = session(call).await?;
    if session.is_none() && call.parts.method == Method::GET && wants_a_page(call) {
        return to_page(call);
    }
    let proof = Proof {
        session: session.as_ref(),
        password: request.password.as_deref(),
    };
    let token = token(call, request.token.as_deref());
    let user = call
        .auth
        .verify_email(&token, proof, &call.client())
        .await?;
    Ok(reply::json(StatusCode::OK, &UserView::from(user)))
}

/// The session that the request carries. One that has ended proves nothing, and is no reason to refuse a password.
async fn session<P: Platform>(call: &Call<'_, P>) -> Result<Option<ActiveSession>, ApiError> {
    match call.optional_session().await {
        Err(error) if error.is_unauthenticated() => Ok(None),
        session => session,
    }
}

/// Whether a person looks at the answer.
fn wants_a_page<P>(call: &Call<'_, P>) -> bool {
    let accepted = call.parts.headers.get(ACCEPT);
    accepted.is_some_and(|accepted| {
        accepted
            .to_str()
            .is_ok_and(|text| text.contains("text/html"))
    })
}

/// Leads to the page that asks for the password.
/// What does not stand for itself in a query (RFC 3986 section 2.3).
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn to_page<P: Platform>(call: &Call<'_, P>) -> Answer {
    let page = format!(
        "{}/verify?token={}",
        call.config().frontend(),
        utf8_percent_encode(&call.named("token"), UNSAFE)
    );
    let mut response = reply::empty(StatusCode::SEE_OTHER);
    let location = HeaderValue::from_str(&page).map_err(|_| ApiError::not_found())?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

pub(crate) async fn forgot_password<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: EmailRequest = body::json(call.parts, call.body)?;
    call.auth
        .forgot_password(&request.email, &call.client())
        .await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}

pub(crate) async fn reset_password<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: ResetPasswordRequest = body::json(call.parts, call.body)?;
    let token = token(call, request.token.as_deref());
    let device = call
        .auth
        .reset_password(&token, &request.password, &call.client())
        .await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    call.set_device(response.headers_mut(), &device);
    Ok(response)
}

pub(crate) async fn confirm_email<P: Platform>(call: &Call<'_, P>) -> Answer {
    let request: VerifyRequest = body::optional_json(call.parts, call.body)?;
    let session = session(call).await?;
    let proof = Proof {
        session: session.as_ref(),
        password: request.password.as_deref(),
    };
    let token = call.named("token");
    let user = call
        .auth
        .confirm_email(&token, proof, &call.client())
        .await?;
    Ok(reply::json(StatusCode::OK, &UserView::from(user)))
}

pub(crate) async fn undo_email<P: Platform>(call: &Call<'_, P>) -> Answer {
    let user = call
        .auth
        .undo_email(&call.named("token"), &call.client())
        .await?;
    Ok(reply::json(StatusCode::OK, &UserView::from(user)))
}

/// The token of the body, for the paths that have none.
fn token<P: Platform>(call: &Call<'_, P>, of_body: Option<&str>) -> String {
    of_body.map_or_else(|| call.named("token"), str::to_owned)
}
