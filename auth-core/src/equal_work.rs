//! Failed logins that are the same work for everybody, whatever hash is stored of an account and whether there is one.

use core::time::Duration;
use std::sync::PoisonError;

use crate::auth::Auth;
use crate::error::Result;
use crate::password::{Costliest, Work};
use crate::platform::Platform;
use crate::storage::{Credentials as _, PasswordCost};
use crate::time::Timestamp;

/// The most work of each kind of hash, as storage knew it.
#[derive(Clone)]
pub(crate) struct LoadedCosts {
    costliest: Costliest,
    loaded_at: Timestamp,
}

/// How long it is used before storage is asked again: an import elsewhere is noticed within this time.
const FRESH: Duration = Duration::from_secs(60);

impl<P: Platform> Auth<P> {
    /// The most work that a stored hash of each kind is.
    ///
    /// # Errors
    /// A failure of the platform.
    pub(crate) async fn costliest(&self) -> Result<Costliest> {
        let now = self.platform.now();
        if let Some(costliest) = self.kept_costs(now) {
            return Ok(costliest);
        }
        let mut costliest = Costliest::default();
        for cost in self.platform.storage().list_password_costs().await? {
            // One that can't be read any more can't be stored of anybody either.
            if let Ok(work) = Work::of(&cost.decoy) {
                costliest.raise(work);
            }
        }
        // What new hashes are made with is remembered also after the settings ask for less.
        let own = self.hasher.parameters().work();
        let raised = costliest.raise(own);
        self.keep_costs(&costliest, now);
        if raised {
            self.store_costs(vec![own]).await?;
        }
        Ok(costliest)
    }

    /// Notes hashes that are, or will be, stored. Nearly always others were as much work, and nothing is asked of storage.
    ///
    /// # Errors
    /// A failure of the platform.
    pub(crate) async fn raise_costs<'a>(
        &self,
        hashes: impl IntoIterator<Item = &'a str>,
    ) -> Result<()> {
        let mut costliest = self.costliest().await?;
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
        self.store_costs(raised).await?;
        self.keep_costs(&costliest, self.platform.now());
        Ok(())
    }

    fn kept_costs(&self, now: Timestamp) -> Option<Costliest> {
        let loaded = self.costs.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = |loaded: &&LoadedCosts| now.since(loaded.loaded_at) < FRESH;
        let loaded = loaded.as_ref().filter(fresh)?;
        Some(loaded.costliest.clone())
    }

    fn keep_costs(&self, costliest: &Costliest, loaded_at: Timestamp) {
        let loaded = LoadedCosts {
            costliest: costliest.clone(),
            loaded_at,
        };
        *self.costs.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
    }

    async fn store_costs(&self, raised: Vec<Work>) -> Result<()> {
        let cost = |work: Work| PasswordCost {
            kind: work.kind().as_str().to_owned(),
            work: work.units(),
            decoy: work.decoy(),
        };
        let costs = raised.into_iter().map(cost).collect();
        Ok(self.platform.storage().raise_password_costs(costs).await?)
    }
}
