//! Refresh token rotation.

use auth_core::{Error, Platform, SessionTransport, Tokens};
use serde::Deserialize;

use crate::auth::tokens::{TokenResponse, signed_in};
use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::Public;
use crate::request::json;
use crate::row::{post, rows};

rows![
    refresh = post(
        "/auth/refresh",
        "Exchanges the refresh token in the body or a cookie for new tokens. Each refresh token can be used only once.",
    )
    .optional_json::<RefreshRequest>()
    .answers::<TokenResponse>()
    .fails(&[401, 403, 429]),
    refresh = post("/token/refresh", "Alias of `/auth/refresh`.")
        .optional_json::<RefreshRequest>()
        .answers::<TokenResponse>()
        .fails(&[401, 403, 429])
        .deprecated(),
];

/// The refresh token to exchange.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RefreshRequest {
    /// Refresh token. If omitted, the refresh token in the cookie is used.
    #[cfg_attr(test, schema(min_length = 1))]
    refresh_token: Option<String>,
}

async fn refresh<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    request: RefreshRequest,
) -> Answer<TokenResponse> {
    if let Some(token) = request.refresh_token {
        let token = json::required("refresh_token", &token)?;
        let tokens = Tokens::Jwt(call.auth.sessions().refresh(token, &call.client()).await?);
        return Ok(signed_in(call, &tokens, SessionTransport::Jwt, |tokens| {
            tokens
        }));
    }
    let cookies = call.refresh_cookies();
    json::required(
        "refresh_token",
        cookies.first().copied().unwrap_or_default(),
    )?;
    call.require_own_page()?;
    let sessions = call.refreshed_sessions();
    for token in call.refresh_candidates() {
        let refreshed = match &sessions {
            Some(sessions) => {
                let client = call.client();
                call.auth
                    .sessions()
                    .refresh_within(token, sessions, &client)
                    .await
            }
            None => call.auth.sessions().refresh(token, &call.client()).await,
        };
        match refreshed {
            Err(Error::RefreshToken) => {}
            refreshed => {
                let tokens = Tokens::Jwt(refreshed?);
                let transport = SessionTransport::JwtCookie;
                return Ok(signed_in(call, &tokens, transport, |tokens| tokens));
            }
        }
    }
    Err(ApiError::from(Error::RefreshToken).clearing_cookies())
}
