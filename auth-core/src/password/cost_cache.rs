//! The instance's cache of the most expensive work of each kind of hash.

use core::time::Duration;
use std::sync::{PoisonError, RwLock};

use super::costliest::Costliest;
use crate::time::Timestamp;

/// How long the cache is used before storage is queried again. An import elsewhere is noticed within this time.
const FRESH: Duration = Duration::from_secs(60);

/// The most recently loaded value, and when it was loaded.
#[derive(Default)]
pub(crate) struct CostCache(RwLock<Option<(Costliest, Timestamp)>>);

impl CostCache {
    pub(crate) fn get(&self, now: Timestamp) -> Option<Costliest> {
        let loaded = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = |loaded: &&(Costliest, Timestamp)| now.since(loaded.1) < FRESH;
        let (costliest, _) = loaded.as_ref().filter(fresh)?;
        Some(costliest.clone())
    }

    pub(crate) fn keep(&self, costliest: &Costliest, loaded_at: Timestamp) {
        let loaded = (costliest.clone(), loaded_at);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
    }
}
