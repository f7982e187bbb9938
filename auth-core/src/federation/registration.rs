//! A provider that is set up.

use std::sync::Arc;

use super::client_authentication::{Client, ClientAuthentication};
use super::endpoint::origin;
use super::provider::{self, Provider};
use crate::config::parse::is_loopback;
use crate::jose::SigningKey;
use crate::secret::SecretToken;

/// A provider, and the app that the operator has registered there. It contains secrets, so it does not implement
/// `Debug`.
#[derive(Clone)]
pub(crate) struct Registration {
    /// The provider.
    pub provider: Provider,
    /// The client ID of the app.
    pub client_id: String,
    /// The proof that a request is the app's.
    pub credential: Credential,
    /// Further hosts that may have endpoints of the provider, each with an optional port.
    pub hosts: Vec<String>,
}

/// The proof that a request is an app's. It matches the provider's
/// [`ClientAuthentication`](super::provider::ClientAuthentication).
#[derive(Clone)]
pub(crate) enum Credential {
    /// A client secret.
    Secret(SecretToken),
    /// A private key.
    Key(Arc<SigningKey>),
    /// A private key of Apple.
    Apple {
        /// The identifier of the developer team.
        team_id: String,
        /// The key, with the identifier that Apple has given to it.
        key: Arc<SigningKey>,
    },
}

impl Registration {
    /// Returns the origins of the endpoints that the service calls.
    pub(crate) fn origins(&self) -> Vec<String> {
        let further = self.hosts.iter().flat_map(|host| {
            let schemes = if is_loopback(host) {
                &["https", "http"][..]
            } else {
                &["https"]
            };
            schemes
                .iter()
                .map(move |scheme| format!("{scheme}://{host}"))
        });
        let urls = self.provider.called_urls().map(str::to_owned);
        urls.chain(further).filter_map(|url| origin(&url)).collect()
    }

    /// Returns the client for a token request. `advertises` says whether the provider's metadata name a method.
    pub(crate) fn client(&self, advertises: impl Fn(&str) -> bool) -> Client<'_> {
        let in_body = match self.provider.dialect.authentication {
            provider::ClientAuthentication::Post => true,
            provider::ClientAuthentication::Advertised => {
                !advertises("client_secret_basic") && advertises("client_secret_post")
            }
            _ => false,
        };
        let authentication = match &self.credential {
            Credential::Secret(secret) if in_body => {
                ClientAuthentication::SecretPost(secret.expose())
            }
            Credential::Secret(secret) => ClientAuthentication::SecretBasic(secret.expose()),
            Credential::Key(key) => ClientAuthentication::PrivateKeyJwt(key),
            Credential::Apple { team_id, key } => {
                ClientAuthentication::Apple { team: team_id, key }
            }
        };
        Client {
            id: &self.client_id,
            id_name: self.provider.dialect.client_id,
            authentication,
        }
    }
}
