//! Routes that sign out.

use auth_core::{Error, Platform};
use serde::Deserialize;

use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::{Session, TokenHolder};
use crate::response::reply::NoContent;
use crate::row::{post, rows};

rows![
    logout = post(
        "/auth/logout",
        "Ends the session of the refresh token in the body or, without one, of the token in the header or cookie.",
    )
    .token_holder()
    .optional_json::<LogoutRequest>()
    .fails(&[403]),
    logout = post("/logout", "Alias of `/auth/logout`.")
        .token_holder()
        .optional_json::<LogoutRequest>()
        .fails(&[403])
        .deprecated(),
    logout = post("/auth/jwt/logout", "Alias of `/auth/logout`.")
        .token_holder()
        .optional_json::<LogoutRequest>()
        .fails(&[403])
        .deprecated(),
    logout = post("/auth/cookie/logout", "Alias of `/auth/logout`.")
        .token_holder()
        .optional_json::<LogoutRequest>()
        .fails(&[403])
        .deprecated(),
    logout_all = post("/auth/logout-all", "Ends all sessions of the user.")
        .session()
        .while_enrolling(),
];

/// The session to end.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct LogoutRequest {
    /// Refresh token of the session. If omitted, the session of the token in the header or cookie ends.
    refresh_token: Option<String>,
}

async fn logout<P: Platform>(
    call: &Call<'_, P>,
    _: TokenHolder,
    request: LogoutRequest,
) -> Answer<NoContent> {
    let mut reply = call.done();
    if let Some(token) = request.refresh_token {
        call.auth
            .sessions()
            .logout_by_refresh_token(&token, &call.client())
            .await?;
        return Ok(reply);
    }
    if call.has_header() {
        call.auth
            .sessions()
            .logout(call.bearer()?, &call.client())
            .await?;
    } else {
        logout_by_cookies(call).await?;
    }
    call.clear_cookies(reply.headers_mut());
    Ok(reply)
}

/// Ends the sessions of all cookies, so that the browser has no active session left. The access token in a cookie
/// expires before its session; the refresh token ends the session then.
async fn logout_by_cookies<P: Platform>(call: &Call<'_, P>) -> Result<(), ApiError> {
    let (tokens, refresh_tokens) = (call.session_cookies(), call.refresh_cookies());
    if tokens.is_empty() && refresh_tokens.is_empty() {
        return Err(ApiError::unauthenticated());
    }
    call.require_own_page()?;
    let client = call.client();
    let mut is_known = !refresh_tokens.is_empty();
    let mut refusal = None;
    for token in tokens {
        match call.auth.sessions().logout(token, &client).await {
            Err(Error::AccessToken(cause)) => refusal = Some(cause),
            ended => {
                ended?;
                is_known = true;
            }
        }
    }
    for token in call.refresh_candidates() {
        call.auth
            .sessions()
            .logout_by_refresh_token(token, &client)
            .await?;
    }
    match refusal {
        Some(cause) if !is_known => {
            Err(ApiError::from(Error::AccessToken(cause)).clearing_cookies())
        }
        _ => Ok(()),
    }
}

async fn logout_all<P: Platform>(call: &Call<'_, P>, session: Session) -> Answer<NoContent> {
    call.auth
        .sessions()
        .logout_all(&session, &call.client())
        .await?;
    let mut reply = call.done();
    call.clear_cookies(reply.headers_mut());
    Ok(reply)
}
