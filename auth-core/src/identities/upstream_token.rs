//! Hands a provider's access token to the person whose it is, refreshed if it has expired.

use core::time::Duration;

use crate::account::change::identity_key;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::person::UpstreamTokens;
use crate::federation::refresh::refresh_tokens;
use crate::identities::Identities;
use crate::identities::identity::{identity_id, open_tokens, seal_tokens};
use crate::identities::recent_use::with_refresh_token;
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::secret::SecretToken;
use crate::storage::{ActiveSession, Identities as _, Identity};
use crate::time::Timestamp;

/// How long before its end an access token counts as expired, so that it is not handed out just to be refused.
const MARGIN: Duration = Duration::from_secs(60);

/// An access token of a provider.
pub struct UpstreamToken {
    /// The access token.
    pub access_token: SecretToken,
    /// When it expires, if the provider says so.
    pub expires_at: Option<Timestamp>,
    /// The granted scopes, if the provider names them.
    pub scope: Option<String>,
}

impl<P: Platform> Identities<'_, P> {
    /// Returns the access token that a provider has given to the user of a session. An expired one is refreshed first.
    /// An administrator who acts as the user does not get it, and nobody does once tokens are no longer stored.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::TokensNotStored`] if there is none, or one that has expired and can't be refreshed;
    /// [`Error::OauthFailed`], [`Error::ProviderUnavailable`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn token(
        self,
        active: &ActiveSession,
        id: &str,
        client: &Client,
    ) -> Result<UpstreamToken> {
        let context = self.context;
        let stores = context.config.federation.values.store_tokens;
        if !stores || active.session.actor_id.is_some() {
            return Err(Error::TokensNotStored);
        }
        let user_id = &active.user.id;
        let stored = find(context, user_id, id).await?;
        let tokens = opened(context, &stored).ok_or(Error::TokensNotStored)?;
        if is_valid(context, &tokens) {
            return Ok(handed_out(&tokens));
        }
        let refresh_token = tokens.refresh_token.as_deref();
        let refresh_token = refresh_token.ok_or(Error::TokensNotStored)?;
        count_self_service(context, user_id, SelfService::Identity, client).await?;
        let refreshed = match refresh_tokens(context, &stored, refresh_token).await {
            Ok(Some(mut refreshed)) => {
                // Without one, the scope is the same as before (RFC 6749 section 6).
                if refreshed.scope.is_none() {
                    refreshed.scope.clone_from(&tokens.scope);
                }
                with_refresh_token(&refreshed, Some(tokens))
            }
            // Another request may have used the refresh token up, and have stored the next tokens.
            Ok(None) => {
                let error = Error::TokensNotStored;
                let found = stored_meanwhile(context, user_id, id, &stored, error).await;
                if matches!(found, Err(Error::TokensNotStored)) {
                    forget(context, stored).await?;
                }
                return found;
            }
            Err(error) => return stored_meanwhile(context, user_id, id, &stored, error).await,
        };
        let key = identity_key(&stored);
        let sealed = seal_tokens(context, &key, &refreshed);
        let storage = context.storage();
        // If another request was faster, its tokens stay; these are valid as well.
        storage
            .replace_identity_tokens(key.issuer, key.subject, stored.tokens, Some(sealed))
            .await?;
        Ok(handed_out(&refreshed))
    }
}

/// Returns the token that another request has stored since `before` was read.
///
/// # Errors
/// `error` if there is none.
async fn stored_meanwhile<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    id: &str,
    before: &Identity,
    error: Error,
) -> Result<UpstreamToken> {
    let now = find(context, user_id, id).await?;
    let changed = (now.tokens != before.tokens).then(|| opened(context, &now));
    match changed.flatten() {
        Some(tokens) if is_valid(context, &tokens) => Ok(handed_out(&tokens)),
        _ => Err(error),
    }
}

/// Deletes tokens that can't be refreshed any more, unless other ones are stored by now.
async fn forget<P: Platform>(context: &Context<P>, stored: Identity) -> Result<()> {
    let key = identity_key(&stored);
    let storage = context.storage();
    storage
        .replace_identity_tokens(key.issuer, key.subject, stored.tokens, None)
        .await?;
    Ok(())
}

async fn find<P: Platform>(context: &Context<P>, user_id: &str, id: &str) -> Result<Identity> {
    let identities = context.storage().list_identities(user_id.to_owned());
    let mut identities = identities.await?.into_iter();
    let found = identities.find(|identity| identity_id(&identity_key(identity)) == id);
    found.ok_or(Error::NotFound("identity"))
}

fn opened<P: Platform>(context: &Context<P>, identity: &Identity) -> Option<UpstreamTokens> {
    let sealed = identity.tokens.as_deref()?;
    open_tokens(context, &identity_key(identity), sealed)
}

fn is_valid<P: Platform>(context: &Context<P>, tokens: &UpstreamTokens) -> bool {
    let until = context.now().as_secs() + MARGIN.as_secs();
    tokens
        .expires_at
        .is_none_or(|expires_at| expires_at > until)
}

fn handed_out(tokens: &UpstreamTokens) -> UpstreamToken {
    let time = |seconds: u64| Timestamp::from_millis(seconds.saturating_mul(1000));
    UpstreamToken {
        access_token: SecretToken::of(tokens.access_token.clone()),
        expires_at: tokens.expires_at.map(time),
        scope: tokens.scope.clone(),
    }
}
