//! Limits the number of password hashes per second.

use core::time::Duration;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::password::work::Work;
use crate::platform::Platform;
use crate::storage::{Limit, RateLimits as _};

/// Admits hashes of a password with this work, unless all instances together have reached the limit within this second.
/// A refused request has not allocated memory yet.
///
/// Storage counts in steps of one. Work that weighs as much as several hashes has a smaller limit instead, so that less
/// than twice the setting is admitted in any combination.
///
/// # Errors
/// [`Error::Overloaded`], or a failure of the platform.
pub(crate) async fn admit_hash<P: Platform>(
    context: &Context<P>,
    works: impl IntoIterator<Item = Work>,
) -> Result<()> {
    let max = context.config.hashes_per_second;
    if max > 0 {
        let max = (max / context.hasher.weight(works)).max(1);
        let limit = Limit {
            key: "hashes".to_owned(),
            window: Duration::from_secs(1),
            max,
        };
        let now = context.now();
        let states = context.storage().count(vec![limit], now).await?;
        if states.iter().any(|state| state.count > max) {
            return Err(Error::Overloaded);
        }
    }
    context.platform.before_hash().await;
    Ok(())
}

/// Hashes a new password.
///
/// # Errors
/// The errors of [`admit_hash`].
pub(crate) async fn hash_password<P: Platform>(
    context: &Context<P>,
    password: &str,
) -> Result<String> {
    let work = context.hasher.parameters().work();
    admit_hash(context, [work]).await?;
    Ok(context.hasher.hash(&context.platform, password))
}
