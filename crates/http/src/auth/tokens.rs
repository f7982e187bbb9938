//! Delivery of the tokens of a session in answers.

use auth_core::{Platform, SessionTransport, Tokens};
use http::header::PRAGMA;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;

use crate::call::Call;
use crate::response::reply::Reply;

/// Tokens of a session (RFC 6749 section 5.1). If the tokens are delivered in cookies, the body has only `expires_in`.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct TokenResponse {
    /// Access token for the `Authorization: Bearer` header: a JWT in the profile of RFC 9068, or an opaque token
    /// (`s_…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(nullable = false))]
    access_token: Option<String>,
    /// `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(nullable = false))]
    token_type: Option<&'static str>,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// Refresh token for one exchange at `/auth/refresh`. Not present with opaque tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(nullable = false))]
    refresh_token: Option<String>,
}

/// Returns the answer to a login: the tokens in the body, wrapped by `wrap`, or in cookies.
pub(crate) fn signed_in<P: Platform, T: Serialize>(
    call: &Call<'_, P>,
    tokens: &Tokens,
    transport: SessionTransport,
    wrap: impl FnOnce(TokenResponse) -> T,
) -> Reply<T> {
    let mut headers = HeaderMap::new();
    let tokens = token_response(call, tokens, transport, &mut headers);
    let mut reply = call.json(&wrap(tokens));
    reply.headers_mut().extend(headers);
    // RFC 6749 section 5.1 requires it in addition to Cache-Control.
    let no_cache = HeaderValue::from_static("no-cache");
    reply.headers_mut().insert(PRAGMA, no_cache);
    reply
}

/// Returns the answer with tokens that replace the presented ones, delivered in the same way.
pub(crate) fn renewed<P: Platform, T: Serialize>(
    call: &Call<'_, P>,
    tokens: &Tokens,
    wrap: impl FnOnce(TokenResponse) -> T,
) -> Reply<T> {
    signed_in(call, tokens, call.presented_by(tokens), wrap)
}

/// Delivers tokens in the body or in cookies, as `transport` selects.
pub(crate) fn token_response<P: Platform>(
    call: &Call<'_, P>,
    tokens: &Tokens,
    transport: SessionTransport,
    headers: &mut HeaderMap,
) -> TokenResponse {
    let (access_token, expires_in, refresh_token) = match tokens {
        Tokens::Jwt(pair) => (
            pair.access_token.clone(),
            pair.expires_in,
            Some(pair.refresh_token.expose().to_owned()),
        ),
        Tokens::Opaque(token) => (String::clone(&token.token), token.expires_in, None),
    };
    if transport.is_cookie() {
        call.set_cookies(headers, tokens);
    }
    // Independent of the transport: the cookie identifies the browser, not the session.
    if let Some(device) = tokens.device() {
        call.set_device(headers, device);
    }
    if transport.is_cookie() {
        return TokenResponse {
            access_token: None,
            token_type: None,
            expires_in,
            refresh_token: None,
        };
    }
    TokenResponse {
        access_token: Some(access_token),
        token_type: Some("Bearer"),
        expires_in,
        refresh_token,
    }
}
