//! Requests to providers.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::endpoint::origin;
use crate::federation::provider::Pair;
use crate::federation::provider_error::excerpt;
use crate::federation::registration::Registration;
use crate::outbound::{OutboundRequest, OutboundResponse};
use crate::platform::{Level, Platform};

/// The headers of every request to a provider. GitHub and Reddit refuse requests without a user agent, and GitHub answers
/// with a form unless JSON is asked for.
const HEADERS: [Pair; 2] = [("accept", "application/json"), ("user-agent", "Gatewright")];

/// Sends a request to a provider. It goes to an origin that the settings name for the provider, whatever documents say, so
/// that no host has to check this.
///
/// # Errors
/// [`Error::OauthFailed`] for another origin. [`Error::ProviderUnavailable`] if the provider does not answer, or with a
/// redirect or a page: an answer of the protocol is neither, and a redirect could lead anywhere.
pub(super) async fn fetch<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    mut request: OutboundRequest,
) -> Result<OutboundResponse> {
    let provider = &registration.provider;
    if !origin(&request.url).is_some_and(|origin| registration.origins().contains(&origin)) {
        let cause = "the request would go to a host that is not the provider's";
        return Err(failed(context, &provider.id, cause, Error::OauthFailed));
    }
    for (name, value) in HEADERS.iter().chain(provider.dialect.headers) {
        request = request.with_header(name, *value);
    }
    let unavailable =
        |cause: &str| failed(context, &provider.id, cause, Error::ProviderUnavailable);
    let response = context.platform.fetch(request).await;
    let response = response.map_err(|cause| unavailable(&excerpt(&cause)))?;
    if (300..400).contains(&response.status) {
        return Err(unavailable("the provider answered with a redirect"));
    }
    if response.body.trim_ascii_start().starts_with(b"<") {
        let cause = format!(
            "the provider answered with a page and status {}",
            response.status
        );
        return Err(unavailable(&cause));
    }
    Ok(response)
}

/// Logs why a provider's answer is of no use, and returns the error for the person, who does not learn the cause. The
/// cause has no words of the provider or of a host except in an [`excerpt`], because they could be tokens.
pub(super) fn failed<P: Platform>(
    context: &Context<P>,
    provider: &str,
    cause: &str,
    error: Error,
) -> Error {
    let fields = [("provider", provider), ("cause", cause)];
    let (level, message) = match error {
        Error::OauthDenied => (Level::Info, "a person did not sign in at their provider"),
        _ => (Level::Warn, "a sign-in provider failed"),
    };
    context.platform.log(level, message, &fields);
    error
}
