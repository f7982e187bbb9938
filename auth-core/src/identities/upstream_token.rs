//! Hands a provider's access token to the person whose it is, refreshed if it has expired.

use core::time::Duration;

use zeroize::Zeroizing;

use crate::account::change::identity_key;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::person::UpstreamTokens;
use crate::federation::refresh::refresh_tokens;
use crate::identities::Identities;
use crate::identities::identity::{identity_id, open_tokens, seal_tokens};
use crate::identities::recent_use::with_refresh_token;
use crate::outbound::FETCH_TIMEOUT;
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::secret::SecretToken;
use crate::storage::{ActiveSession, Identities as _, Identity};
use crate::time::Timestamp;

/// How long before its end an access token counts as expired, so that it is not handed out just to be refused.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a request that refreshes tokens keeps others from it. Longer than its requests to the provider can take.
const CLAIM: Duration = Duration::from_secs(4 * FETCH_TIMEOUT.as_secs());

/// How often the others look for the new tokens, and by how much each pause is longer than the one before: six seconds in
/// all, which two requests to the provider take at most.
const LOOKS: u32 = 15;
const LOOK: Duration = Duration::from_millis(50);

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
    /// An administrator who acts as the user does not get it, and nobody does once tokens are no longer stored. Of
    /// concurrent requests one sends the refresh token, and the others wait for its tokens.
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
        let mut looks = 0;
        let mut expired: Option<Zeroizing<String>> = None;
        loop {
            let stored = find(context, user_id, id).await?;
            let tokens = opened(context, &stored).ok_or(Error::TokensNotStored)?;
            // Another request has refreshed them, perhaps to tokens of a short life.
            let is_new = expired
                .as_ref()
                .is_some_and(|old| **old != tokens.access_token);
            if is_new || is_valid(context, &tokens) {
                return Ok(handed_out(&tokens));
            }
            let refresh_token = tokens.refresh_token.as_deref();
            let refresh_token = refresh_token.ok_or(Error::TokensNotStored)?;
            if expired.is_none() {
                count_self_service(context, user_id, SelfService::Identity, client).await?;
                expired = Some(Zeroizing::new(tokens.access_token.clone()));
            }
            if let Some(claimed) = claim(context, &stored, &tokens).await? {
                return refresh(context, claimed, &tokens, refresh_token).await;
            }
            looks += 1;
            if looks > LOOKS {
                return Err(Error::ProviderUnavailable);
            }
            context.platform.pause(LOOK * looks).await;
        }
    }
}

/// Claims the refresh of an identity's tokens: a provider may revoke all of them if a refresh token is sent twice.
/// Returns the identity with its claimed tokens, or `None` if another request refreshes them.
async fn claim<P: Platform>(
    context: &Context<P>,
    stored: &Identity,
    tokens: &UpstreamTokens,
) -> Result<Option<Identity>> {
    let now = context.now().as_secs();
    if tokens.claimed_until.is_some_and(|until| until > now) {
        return Ok(None);
    }
    let mut claimed = tokens.clone();
    claimed.claimed_until = Some(now + CLAIM.as_secs());
    let sealed = seal_tokens(context, &identity_key(stored), &claimed);
    Ok(replace(context, stored, Some(sealed.clone()))
        .await?
        .then(|| Identity {
            tokens: Some(sealed),
            ..stored.clone()
        }))
}

/// Refreshes claimed tokens, and ends the claim.
async fn refresh<P: Platform>(
    context: &Context<P>,
    claimed: Identity,
    tokens: &UpstreamTokens,
    refresh_token: &str,
) -> Result<UpstreamToken> {
    match refresh_tokens(context, &claimed, refresh_token).await {
        Ok(Some(mut refreshed)) => {
            // Without one, the scope is the same as before (RFC 6749 section 6).
            if refreshed.scope.is_none() {
                refreshed.scope.clone_from(&tokens.scope);
            }
            let refreshed = with_refresh_token(&refreshed, Some(tokens));
            store_refreshed(context, claimed, &refreshed, refresh_token).await?;
            Ok(handed_out(&refreshed))
        }
        Ok(None) => give_up(context, &claimed, None, Error::TokensNotStored).await,
        Err(error) => {
            let sealed = seal_tokens(context, &identity_key(&claimed), &tokens.unclaimed());
            give_up(context, &claimed, Some(sealed), error).await
        }
    }
}

/// Ends a claim without new tokens. Returns those that a sign-in has stored meanwhile.
///
/// # Errors
/// `error` if there are none.
async fn give_up<P: Platform>(
    context: &Context<P>,
    claimed: &Identity,
    left: Option<String>,
    error: Error,
) -> Result<UpstreamToken> {
    if replace(context, claimed, left).await? {
        return Err(error);
    }
    let id = identity_id(&identity_key(claimed));
    let stored = find(context, &claimed.user_id, &id).await?;
    match opened(context, &stored) {
        Some(tokens) if is_valid(context, &tokens) => Ok(handed_out(&tokens)),
        _ => Err(error),
    }
}

/// Stores refreshed tokens. Those that a sign-in has stored meanwhile stay if they have a refresh token of their own.
async fn store_refreshed<P: Platform>(
    context: &Context<P>,
    mut stored: Identity,
    refreshed: &UpstreamTokens,
    used: &str,
) -> Result<()> {
    let key = identity_key(&stored);
    let sealed = seal_tokens(context, &key, refreshed);
    while !replace(context, &stored, Some(sealed.clone())).await? {
        stored = find(context, &stored.user_id, &identity_id(&key)).await?;
        let other = opened(context, &stored);
        if other.is_some_and(|other| other.refresh_token.as_deref() != Some(used)) {
            break;
        }
    }
    Ok(())
}

/// Replaces the tokens of an identity, unless they have changed since it was read. Returns whether it has.
async fn replace<P: Platform>(
    context: &Context<P>,
    read: &Identity,
    tokens: Option<String>,
) -> Result<bool> {
    let key = identity_key(read);
    let storage = context.storage();
    let replaced =
        storage.replace_identity_tokens(key.issuer, key.subject, read.tokens.clone(), tokens);
    Ok(replaced.await?)
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
