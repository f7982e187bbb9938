//! From a provider's code to a person: the requests to the provider, and the checks of what it returns.

use serde_json::Value;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::documents::{self, renewed_keys};
use crate::federation::endpoints::Endpoints;
use crate::federation::fetch::{failed, fetch};
use crate::federation::id_token::error::IdTokenError;
use crate::federation::id_token::{Expected, IdToken};
use crate::federation::jwks::JwkSet;
use crate::federation::link_policy::LinkPolicy;
use crate::federation::person::{Person, UpstreamTokens};
use crate::federation::profile::{Profile, is_facebook_token_of};
use crate::federation::provider::Quirk;
use crate::federation::registration::{Credential, Registration};
use crate::federation::token_endpoint::request_tokens;
use crate::federation::token_request::TokenRequest;
use crate::federation::token_response::TokenResponse;
use crate::federation::userinfo::{self, UserinfoError};
use crate::json;
use crate::outbound::OutboundMethod;
use crate::platform::Platform;
use crate::time::Timestamp;

/// A code of a provider, with all that its use depends on.
#[derive(Clone, Copy)]
pub(super) struct Authorized<'a> {
    /// The code.
    pub(super) code: &'a str,
    /// The address that the browser came back to.
    pub(super) redirect_uri: &'a str,
    /// The verifier of the challenge, if one was sent.
    pub(super) verifier: Option<&'a str>,
    /// The value that an ID token must repeat.
    pub(super) nonce: &'a str,
    /// The time since which the person must have signed in at the provider, if that was asked for.
    pub(super) authenticated_since: Option<Timestamp>,
}

/// The requests about one person.
struct Identification<'a, P> {
    context: &'a Context<P>,
    registration: &'a Registration,
    endpoints: &'a Endpoints,
    tokens: TokenResponse,
}

/// Exchanges a code for tokens, and returns the person whom they are for.
///
/// # Errors
/// [`Error::OauthFailed`], [`Error::ProviderUnavailable`], or a failure of the platform.
pub(super) async fn identify<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    endpoints: &Endpoints,
    authorized: &Authorized<'_>,
) -> Result<Person> {
    let request = TokenRequest::exchange(
        authorized.code,
        authorized.redirect_uri,
        authorized.verifier,
    );
    let tokens = request_tokens(
        context,
        registration,
        endpoints,
        request,
        Error::OauthFailed,
    )
    .await?;
    let requests = Identification {
        context,
        registration,
        endpoints,
        tokens,
    };
    let token = requests.id_token(authorized).await?;
    let profile = match &token {
        Some(token) => requests.profile_of(token).await?,
        None => requests.profile_by_access_token().await?,
    };
    requests.person(token.as_ref(), profile)
}

impl<P: Platform> Identification<'_, P> {
    fn failed(&self, cause: &str, error: Error) -> Error {
        failed(self.context, &self.registration.provider.id, cause, error)
    }

    fn refused(&self, cause: &str) -> Error {
        self.failed(cause, Error::OauthFailed)
    }

    /// Returns the validated ID token of a provider of OpenID Connect.
    async fn id_token(&self, authorized: &Authorized<'_>) -> Result<Option<IdToken>> {
        let Some(url) = &self.endpoints.keys else {
            return Ok(None);
        };
        let token = self.tokens.id_token.as_ref();
        let token = token.ok_or_else(|| self.refused("the response has no ID token"))?;
        let keys = documents::keys(self.context, self.registration, url).await?;
        let mut validated = self.validate(token.expose(), &keys, authorized);
        if validated == Err(IdTokenError::KeyUnknown)
            && let Some(keys) = renewed_keys(self.context, self.registration, url).await?
        {
            validated = self.validate(token.expose(), &keys, authorized);
        }
        validated
            .map(Some)
            .map_err(|error| self.refused(&error.to_string()))
    }

    fn validate(
        &self,
        token: &str,
        keys: &JwkSet,
        authorized: &Authorized<'_>,
    ) -> core::result::Result<IdToken, IdTokenError> {
        let expected = Expected {
            issuers: &self.registration.provider.issuers(),
            client_id: &self.registration.client_id,
            nonce: authorized.nonce,
            access_token: self.tokens.access_token.expose(),
            authenticated_since: authorized.authenticated_since,
            now: self.context.now(),
            clock_tolerance: self.context.config.clock_tolerance.as_secs(),
        };
        IdToken::validate(token, keys, &expected)
    }

    /// Returns the profile in an ID token, completed by the userinfo endpoint where it lacks something.
    async fn profile_of(&self, token: &IdToken) -> Result<Profile> {
        let profile = self.profile(&Value::Object(token.claims.clone()))?;
        let complete = profile.email_verified && profile.name.is_some();
        let Some(url) = self.endpoints.userinfo.as_ref().filter(|_| !complete) else {
            return Ok(profile);
        };
        let userinfo = self.profile(&self.userinfo(url, Some(&token.subject)).await?)?;
        let completed = profile.completed_by(userinfo);
        completed.ok_or_else(|| self.refused("the profile is another person's"))
    }

    /// Returns the profile of a provider without ID tokens.
    async fn profile_by_access_token(&self) -> Result<Profile> {
        let url = self.endpoints.userinfo.as_deref().unwrap_or_default();
        let profile = self.profile(&self.userinfo(url, None).await?)?;
        match self.registration.provider.dialect.quirk {
            Some(Quirk::GithubAddresses) => {
                Ok(profile.with_github_addresses(&self.github_addresses(url).await?))
            }
            Some(Quirk::FacebookApp { check }) => {
                self.check_facebook_app(check, &profile.subject).await?;
                Ok(profile)
            }
            _ => Ok(profile),
        }
    }

    fn profile(&self, document: &Value) -> Result<Profile> {
        let profile = Profile::read(&self.registration.provider, document);
        profile.ok_or_else(|| self.refused("the profile names no subject"))
    }

    async fn userinfo(&self, url: &str, subject: Option<&str>) -> Result<Value> {
        let provider = &self.registration.provider;
        let token = self.tokens.access_token.expose();
        let request = userinfo::request(provider.dialect.userinfo_method, url, token);
        let response = fetch(self.context, self.registration, request).await?;
        let claims = userinfo::read(&response, subject).map_err(|error| {
            let answer = match error {
                UserinfoError::Status(429 | 500..) => Error::ProviderUnavailable,
                _ => Error::OauthFailed,
            };
            self.failed(&error.to_string(), answer)
        })?;
        Ok(Value::Object(claims))
    }

    /// Returns the addresses of an account at GitHub, which are not there if the scopes don't include them.
    async fn github_addresses(&self, user: &str) -> Result<Value> {
        let token = self.tokens.access_token.expose();
        let url = format!("{user}/emails");
        let request = userinfo::request(OutboundMethod::Get, &url, token);
        let response = fetch(self.context, self.registration, request).await?;
        match response.status {
            200 => json::from_slice(&response.body)
                .map_err(|_| self.refused("the list of addresses is no JSON")),
            403 | 404 => Ok(Value::Null),
            status => {
                let cause = format!("the list of addresses has status {status}");
                Err(self.failed(&cause, Error::ProviderUnavailable))
            }
        }
    }

    /// Checks that Facebook's access token was issued to this app.
    async fn check_facebook_app(&self, check: &str, subject: &str) -> Result<()> {
        let Credential::Secret(secret) = &self.registration.credential else {
            return Err(Error::Internal("Facebook without a client secret".into()));
        };
        let client_id = &self.registration.client_id;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("input_token", self.tokens.access_token.expose());
        let url = format!("{check}?{}", query.finish());
        // The token of an app is its ID and secret.
        let app_token = format!("{client_id}|{}", secret.expose());
        let request = userinfo::request(OutboundMethod::Get, &url, &app_token);
        let response = fetch(self.context, self.registration, request).await?;
        let answer: Value = json::from_slice(&response.body).unwrap_or_default();
        if response.status >= 500 {
            let cause = format!("the check of the token has status {}", response.status);
            return Err(self.failed(&cause, Error::ProviderUnavailable));
        }
        let fits = response.status == 200 && is_facebook_token_of(&answer, client_id, subject);
        fits.then_some(())
            .ok_or_else(|| self.refused("the access token is another app's"))
    }

    fn person(self, token: Option<&IdToken>, profile: Profile) -> Result<Person> {
        let provider = &self.registration.provider;
        let tenant = token.and_then(|token| token.tenant.as_deref());
        let issuer = provider
            .issuer_in(tenant)
            .ok_or_else(|| self.refused("accounts of this tenant can't sign in"))?;
        let values = &self.context.config.federation.values;
        let counts = provider.dialect.trusted || values.link_policy == LinkPolicy::All;
        let auth_time = token.and_then(|token| token.claims.get("auth_time")?.as_f64());
        Ok(Person {
            provider: provider.id.clone(),
            issuer,
            subject: profile.subject,
            email: profile.email.map(|email| email.as_str().to_owned()),
            email_verified: profile.email_verified && counts,
            name: profile.name,
            username: profile.username,
            picture: profile.picture,
            locale: profile.locale,
            auth_time: auth_time.map(|time| time as u64),
            tokens: values
                .store_tokens
                .then(|| UpstreamTokens::of(&self.tokens, self.context.now())),
        })
    }
}
