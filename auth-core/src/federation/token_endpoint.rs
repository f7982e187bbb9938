//! Requests to token endpoints.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::client_authentication::Occasion;
use crate::federation::endpoints::Endpoints;
use crate::federation::fetch::{failed, fetch};
use crate::federation::registration::Registration;
use crate::federation::token_request::TokenRequest;
use crate::federation::token_response::{TokenError, TokenResponse};
use crate::new_id::new_id;
use crate::platform::Platform;

/// Sends a token request with the proof of the client.
///
/// # Errors
/// `invalid_grant` if the provider does not, or no longer, accept the code or refresh token;
/// [`Error::ProviderUnavailable`], or [`Error::OauthFailed`] for another error of the provider.
pub(super) async fn request_tokens<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    endpoints: &Endpoints,
    mut request: TokenRequest,
    invalid_grant: Error,
) -> Result<TokenResponse> {
    let provider = &registration.provider;
    let occasion = Occasion {
        endpoint: &endpoints.token,
        now: context.now(),
        jti: &new_id(&context.platform),
    };
    registration
        .client(|method| endpoints.authenticates_by(method))
        .authenticate(&mut request, occasion);
    let request = if provider.dialect.json_body {
        request.into_json(&endpoints.token)
    } else {
        request.into_form(&endpoints.token)
    };
    let response = fetch(context, registration, request).await?;
    TokenResponse::read(&response).map_err(|error| {
        let answer = match error {
            TokenError::Unavailable(_) => Error::ProviderUnavailable,
            TokenError::InvalidGrant(_) => invalid_grant,
            _ => Error::OauthFailed,
        };
        failed(context, &provider.id, &error.to_string(), answer)
    })
}
