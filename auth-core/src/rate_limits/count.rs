//! Counts attempts and checks them against limits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::client::Client;
use crate::client::network::networks;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::{Level, Platform};
use crate::storage::{Limit, RateLimits as _};
use crate::time::Timestamp;

/// An exceeded limit.
pub(super) struct Exceeded {
    pub(super) key: String,
    /// Whether this attempt is the first in the window to exceed the limit.
    pub(super) first: bool,
    pub(super) until: Timestamp,
    pub(super) error: Error,
}

pub(crate) async fn count<P: Platform>(context: &Context<P>, limits: Vec<Limit>) -> Result<()> {
    match exceeded(context, limits).await? {
        None => Ok(()),
        Some(exceeded) => Err(exceeded.error),
    }
}

/// Counts an attempt, and returns the first limit that it exceeds.
pub(super) async fn exceeded<P: Platform>(
    context: &Context<P>,
    mut limits: Vec<Limit>,
) -> Result<Option<Exceeded>> {
    // 0 means no limit.
    limits.retain(|limit| limit.max > 0);
    if limits.is_empty() {
        return Ok(None);
    }
    let now = context.now();
    let states = context.storage().count(limits.clone(), now).await?;
    let mut counted = limits.into_iter().zip(states);
    let Some((limit, state)) = counted.find(|(limit, state)| state.count > limit.max) else {
        return Ok(None);
    };
    // Logged once per window; otherwise an attacker could fill the log.
    let first = state.count == limit.max + 1;
    if first {
        context
            .platform
            .log(Level::Warn, "too many attempts", &[("limit", &limit.key)]);
    }
    Ok(Some(Exceeded {
        key: limit.key,
        first,
        until: state.resets_at,
        error: Error::RateLimited {
            retry_after: state.resets_at.since(now).as_secs().max(1),
        },
    }))
}

/// Counts an attempt, and returns whether it is within the limits.
pub(super) async fn admits<P: Platform>(context: &Context<P>, limits: Vec<Limit>) -> Result<bool> {
    Ok(exceeded(context, limits).await?.is_none())
}

pub(super) fn limit<P: Platform>(context: &Context<P>, key: String, max: u64) -> Limit {
    Limit {
        key,
        window: context.config.limit_window,
        max,
    }
}

/// Returns the limits of an action in each network of a client, the narrowest first.
pub(super) fn in_networks<P: Platform>(
    context: &Context<P>,
    what: &str,
    max: u64,
    client: &Client,
) -> Vec<Limit> {
    networks(client.ip)
        .into_iter()
        .map(|network| {
            let key = format!("{what}/{}", network.name);
            limit(context, key, max.saturating_mul(network.share))
        })
        .collect()
}

/// Returns the limits of all attempts from a client's networks, for any account.
pub(super) fn by_network<P: Platform>(context: &Context<P>, client: &Client) -> Vec<Limit> {
    in_networks(
        context,
        "network",
        context.config.login_attempts_per_ip,
        client,
    )
}

/// Returns the representation, in a limit's key, of a text chosen by a client: short, and without the separators of
/// keys.
pub(super) fn hashed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}
