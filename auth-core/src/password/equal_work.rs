//! Equal work for all failed logins, regardless of the account's stored hash and of whether the account exists.

use crate::context::Context;
use crate::error::Result;
use crate::password::costliest::Costliest;
use crate::password::work::Work;
use crate::platform::Platform;
use crate::storage::{Credentials as _, PasswordCost};

/// Returns the most expensive work of the stored hashes of each kind.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn costliest<P: Platform>(context: &Context<P>) -> Result<Costliest> {
    let now = context.now();
    if let Some(costliest) = context.costs.get(now) {
        return Ok(costliest);
    }
    let mut costliest = Costliest::default();
    for cost in context.storage().list_password_costs().await? {
        // A hash that can no longer be parsed can't be stored for any account either.
        if let Ok(work) = Work::of(&cost.decoy) {
            costliest.raise(work);
        }
    }
    // The cost of new hashes is recorded, even after the settings reduce it.
    let own = context.hasher.parameters().work();
    let raised = costliest.raise(own);
    context.costs.keep(&costliest, now);
    if raised {
        store_costs(context, vec![own]).await?;
    }
    Ok(costliest)
}

/// Records hashes that are or will be stored. Usually the maximum is already as high, and storage is not queried.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn raise_costs<'a, P: Platform>(
    context: &Context<P>,
    hashes: impl IntoIterator<Item = &'a str>,
) -> Result<()> {
    let mut costliest = costliest(context).await?;
    let mut raised = Costliest::default();
    for work in hashes.into_iter().filter_map(|hash| Work::of(hash).ok()) {
        if costliest.raise(work) {
            raised.raise(work);
        }
    }
    let raised: Vec<_> = raised.each().collect();
    if raised.is_empty() {
        return Ok(());
    }
    store_costs(context, raised).await?;
    context.costs.keep(&costliest, context.now());
    Ok(())
}

async fn store_costs<P: Platform>(context: &Context<P>, raised: Vec<Work>) -> Result<()> {
    let cost = |work: Work| PasswordCost {
        kind: work.kind().as_str().to_owned(),
        work: work.units(),
        decoy: work.decoy(),
    };
    let costs = raised.into_iter().map(cost).collect();
    Ok(context.storage().raise_password_costs(costs).await?)
}
