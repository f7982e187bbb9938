//! Stores what a sign-in says about its identity, after the answer.

use crate::account::change::identity_key;
use crate::context::Context;
use crate::deferred::task::{Deferred, IdentityUse, Task};
use crate::error::{Error, Result};
use crate::federation::person::{Person, UpstreamTokens};
use crate::identities::identity::{open_tokens, seal_tokens};
use crate::platform::{Level, Platform};
use crate::storage::{Identities as _, Identity, IdentityKey, Users as _};

/// Queues what a person's sign-in says about the identity: its time, the address, and the provider's tokens.
pub(crate) fn use_later<P: Platform>(context: &Context<P>, person: &Person, stored: &Identity) {
    let key = identity_key(stored);
    let before = stored.tokens.clone();
    let tokens = match &person.tokens {
        Some(tokens) => {
            let before = before.as_deref();
            let before = before.and_then(|sealed| open_tokens(context, &key, sealed));
            Some(seal_tokens(
                context,
                &key,
                &with_refresh_token(tokens, before.as_ref()),
            ))
        }
        // They were stored under an earlier setting.
        None if !context.config.federation.values.store_tokens => None,
        None => before.clone(),
    };
    let used = IdentityUse {
        issuer: key.issuer,
        subject: key.subject,
        // Not every provider says it each time.
        email: person.email.clone().or_else(|| stored.email.clone()),
        at: context.now(),
        tokens: (tokens != before).then_some((before, tokens)),
    };
    context
        .platform
        .defer(Deferred(Task::UseIdentity(Box::new(used))));
}

/// Returns new tokens, with the earlier refresh token if they have none: many providers give it at the first consent
/// only.
pub(super) fn with_refresh_token(
    new: &UpstreamTokens,
    before: Option<&UpstreamTokens>,
) -> UpstreamTokens {
    let mut tokens = new.clone();
    if tokens.refresh_token.is_none() {
        tokens.refresh_token = before.and_then(|before| before.refresh_token.clone());
    }
    tokens
}

/// Stores the use of an identity. A failure is logged and affects nobody.
pub(crate) async fn store_use<P: Platform>(context: &Context<P>, used: IdentityUse) {
    if let Err(error) = try_store(context, used).await {
        let cause = error.to_string();
        context.platform.log(
            Level::Warn,
            "the last use of an identity could not be stored",
            &[("cause", &cause)],
        );
    }
}

async fn try_store<P: Platform>(context: &Context<P>, used: IdentityUse) -> Result<()> {
    let storage = context.storage();
    let (issuer, subject) = (used.issuer.clone(), used.subject.clone());
    let stored = storage.use_identity(issuer, subject, used.email, used.at);
    if !stored.await.map_err(Error::from)? {
        return Ok(());
    }
    if let Some((before, after)) = used.tokens {
        let key = IdentityKey {
            issuer: used.issuer,
            subject: used.subject,
        };
        replace_tokens(context, key, before, after).await?;
    }
    Ok(())
}

/// Replaces the tokens that a sign-in has read. If they have changed since, a refresh was faster, and its tokens are newer.
/// A claim or its end changes only the text.
async fn replace_tokens<P: Platform>(
    context: &Context<P>,
    key: IdentityKey,
    before: Option<String>,
    after: Option<String>,
) -> Result<()> {
    let storage = context.storage();
    let opened = |sealed: &Option<String>| {
        let tokens = open_tokens(context, &key, sealed.as_deref()?)?;
        Some(tokens.unclaimed())
    };
    let read = opened(&before);
    let mut expected = before;
    loop {
        let (issuer, subject) = (key.issuer.clone(), key.subject.clone());
        let replaced = storage.replace_identity_tokens(issuer, subject, expected, after.clone());
        if replaced.await? {
            return Ok(());
        }
        let found = storage.find_identity(key.issuer.clone(), key.subject.clone());
        let Some(stored) = found.await? else {
            return Ok(());
        };
        expected = stored.identity.tokens;
        if expected.is_none() || opened(&expected) != read {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_is_kept_until_another_one_comes() {
        let tokens = |access: &str, refresh: Option<&str>| UpstreamTokens {
            access_token: access.to_owned(),
            refresh_token: refresh.map(str::to_owned),
            expires_at: None,
            scope: None,
            claimed_until: None,
        };
        let refresh = |new, before: Option<UpstreamTokens>| {
            let kept = with_refresh_token(&tokens("b", new), before.as_ref());
            assert_eq!(kept.access_token, "b");
            kept.refresh_token.clone()
        };
        assert_eq!(refresh(None, None), None);
        assert_eq!(
            refresh(None, Some(tokens("a", Some("r")))).as_deref(),
            Some("r")
        );
        assert_eq!(
            refresh(Some("s"), Some(tokens("a", Some("r")))).as_deref(),
            Some("s")
        );
    }
}
