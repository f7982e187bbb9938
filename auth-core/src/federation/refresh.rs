//! Refreshes the tokens of a provider.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::endpoints::Endpoints;
use crate::federation::person::UpstreamTokens;
use crate::federation::token_endpoint::request_tokens;
use crate::federation::token_request::TokenRequest;
use crate::platform::Platform;
use crate::storage::Identity;

/// Returns new tokens for the refresh token of an identity. It is sent only to the identity's own issuer: its provider's
/// name may be another one's by now. Returns `None` if the provider no longer accepts the refresh token.
///
/// # Errors
/// [`Error::TokensNotStored`] if the provider is no longer set up, [`Error::OauthFailed`],
/// [`Error::ProviderUnavailable`], or a failure of the platform.
pub(crate) async fn refresh_tokens<P: Platform>(
    context: &Context<P>,
    identity: &Identity,
    refresh_token: &str,
) -> Result<Option<UpstreamTokens>> {
    let registration = context
        .config
        .federation
        .registration_of(identity)
        .ok_or(Error::TokensNotStored)?;
    let endpoints = Endpoints::of(context, registration).await?;
    let request = TokenRequest::refresh(refresh_token);
    let refused = Error::TokensNotStored;
    match request_tokens(context, registration, &endpoints, request, refused).await {
        Ok(tokens) => Ok(Some(UpstreamTokens::of(&tokens, context.now()))),
        Err(Error::TokensNotStored) => Ok(None),
        Err(error) => Err(error),
    }
}
