//! Failed logins that are the same work for everybody, whatever hash is stored of an account and whether there is one.

use crate::context::Context;
use crate::error::Result;
use crate::password::costliest::Costliest;
use crate::password::work::Work;
use crate::platform::Platform;
use crate::storage::{Credentials as _, PasswordCost};

/// The most work that a stored hash of each kind is.
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
        // One that can't be read any more can't be stored of anybody either.
        if let Ok(work) = Work::of(&cost.decoy) {
            costliest.raise(work);
        }
    }
    // What new hashes are made with is remembered also after the settings ask for less.
    let own = context.hasher.parameters().work();
    let raised = costliest.raise(own);
    context.costs.keep(&costliest, now);
    if raised {
        store_costs(context, vec![own]).await?;
    }
    Ok(costliest)
}

/// Notes hashes that are, or will be, stored. Nearly always others were as much work, and nothing is asked of storage.
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
