//! The person whom a provider has named, as it is kept between the callback and the exchange.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::federation::token_response::TokenResponse;
use crate::secret::SecretToken;
use crate::time::Timestamp;

/// A person whom a provider has named: an identity, and what the provider says about it. Only the identity and a
/// verified address decide anything; all else is a suggestion.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The name of the provider.
    pub provider: String,
    /// The issuer of the subject.
    pub issuer: String,
    /// The identifier of the person at the issuer.
    pub subject: String,
    /// The e-mail address, verified or not.
    pub email: Option<String>,
    /// Whether the provider says that the address is the person's, and its word counts: the provider is trusted, or the
    /// setting trusts all.
    pub email_verified: bool,
    /// The name to show.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The URL of a picture.
    pub picture: Option<String>,
    /// The language.
    pub locale: Option<String>,
    /// When the person signed in at the provider, in seconds since 1970, if the ID token says so.
    pub auth_time: Option<u64>,
    /// The provider's tokens, if they are to be stored.
    pub tokens: Option<UpstreamTokens>,
}

/// The tokens of a provider, as they are stored, encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct UpstreamTokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token, if the provider gives one.
    pub refresh_token: Option<String>,
    /// When the access token expires, in seconds since 1970, if the provider says so.
    pub expires_at: Option<u64>,
    /// The granted scopes, if the provider names them.
    pub scope: Option<String>,
    /// Until when a request that refreshes them has claimed this, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_until: Option<u64>,
}

impl UpstreamTokens {
    /// Returns the tokens of a response that came at this time.
    pub(crate) fn of(response: &TokenResponse, now: Timestamp) -> Self {
        let text = |token: &SecretToken| token.expose().to_owned();
        Self {
            access_token: text(&response.access_token),
            refresh_token: response.refresh_token.as_ref().map(text),
            expires_at: response.expires_in.map(|span| now.as_secs() + span),
            scope: response.scope.clone(),
            claimed_until: None,
        }
    }

    /// Returns these tokens without a claim.
    pub(crate) fn unclaimed(&self) -> Self {
        let mut tokens = self.clone();
        tokens.claimed_until = None;
        tokens
    }
}
