//! The endpoints of a provider, known or from its metadata.

use std::sync::Arc;

use crate::context::Context;
use crate::error::Result;
use crate::federation::documents;
use crate::federation::metadata::Metadata;
use crate::federation::provider::Protocol;
use crate::federation::registration::Registration;
use crate::platform::Platform;

/// The endpoints of a provider.
pub(super) struct Endpoints {
    /// The page where people sign in.
    pub(super) authorize: String,
    /// The endpoint that exchanges codes.
    pub(super) token: String,
    /// The address of the keys of ID tokens. `None` means that the provider has no ID tokens.
    pub(super) keys: Option<String>,
    /// The endpoint that knows a person's claims.
    pub(super) userinfo: Option<String>,
    /// The metadata of a provider that is discovered.
    metadata: Option<Arc<Metadata>>,
}

impl Endpoints {
    /// Returns the endpoints of a provider.
    ///
    /// # Errors
    /// `ProviderUnavailable` or `OauthFailed` for the metadata, or a failure of the platform.
    pub(super) async fn of<P: Platform>(
        context: &Context<P>,
        registration: &Registration,
    ) -> Result<Self> {
        let provider = &registration.provider;
        Ok(match provider.protocol.clone() {
            Protocol::OpenId {
                authorize,
                token,
                keys,
                userinfo,
            } => Self {
                authorize,
                token,
                keys: Some(keys),
                userinfo,
                metadata: None,
            },
            Protocol::OAuth {
                authorize,
                token,
                userinfo,
            } => Self {
                authorize,
                token,
                keys: None,
                userinfo: Some(userinfo),
                metadata: None,
            },
            Protocol::Discovery => {
                let metadata = documents::metadata(context, registration).await?;
                Self {
                    authorize: metadata.authorization_endpoint.clone(),
                    token: metadata.token_endpoint.clone(),
                    keys: Some(metadata.jwks_uri.clone()),
                    userinfo: metadata.userinfo_endpoint.clone(),
                    metadata: Some(metadata),
                }
            }
        })
    }

    /// Whether every response names its issuer (RFC 9207).
    pub(super) fn names_issuer(&self, registration: &Registration) -> bool {
        let metadata = self.metadata.as_ref();
        registration.provider.dialect.names_issuer
            || metadata
                .is_some_and(|metadata| metadata.authorization_response_iss_parameter_supported)
    }

    /// Whether a challenge of PKCE is sent.
    pub(super) fn takes_challenge(&self, registration: &Registration) -> bool {
        let metadata = self.metadata.as_ref();
        registration.provider.dialect.pkce && metadata.is_none_or(|metadata| metadata.takes_s256())
    }

    /// Whether the provider says that its token endpoint accepts this way to authenticate a client.
    pub(super) fn authenticates_by(&self, method: &str) -> bool {
        let metadata = self.metadata.as_ref();
        metadata.is_some_and(|metadata| metadata.authenticates_by(method))
    }
}
