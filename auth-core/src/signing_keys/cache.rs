//! The instance's cache of signing keys.

use core::ops::Deref;
use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::jose::KeySet;
use crate::time::Timestamp;

/// The required freshness of cached keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// At most a minute old.
    Usual,
    /// As recent as possible without querying storage for every invented `kid`.
    Newest,
}

/// How long loaded keys are used before storage is queried again. A rotation is noticed within this time.
const KEYS_FRESH: Duration = Duration::from_secs(60);
/// The minimum time between two loads of the newest keys, so that tokens with an invented `kid` cost nothing.
const KEYS_COOL_DOWN: Duration = Duration::from_secs(5);

/// Loaded keys, and when they were loaded.
#[derive(Clone)]
pub(crate) struct LoadedKeys {
    set: Arc<KeySet>,
    /// The time of the last emergency rotation, which ended all earlier keys.
    ended_at: Option<Timestamp>,
    loaded_at: Timestamp,
}

impl Deref for LoadedKeys {
    type Target = KeySet;

    fn deref(&self) -> &KeySet {
        &self.set
    }
}

impl LoadedKeys {
    pub(crate) fn new(set: KeySet, ended_at: Option<Timestamp>, loaded_at: Timestamp) -> Self {
        Self {
            set: Arc::new(set),
            ended_at,
            loaded_at,
        }
    }

    /// Whether the keys were loaded after the last emergency rotation known to storage. The time is compared for
    /// equality with a stored time, not with another clock.
    pub(crate) fn know_of(&self, ended_at: Option<Timestamp>) -> bool {
        self.ended_at == ended_at
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.loaded_at) < KEYS_FRESH
    }
}

/// A cache of the most recently loaded keys.
#[derive(Default)]
pub(crate) struct KeyCache {
    keys: RwLock<Option<LoadedKeys>>,
    /// When the newest keys were last loaded, in milliseconds.
    sought_at: AtomicU64,
}

impl KeyCache {
    /// Whether these cached keys need not be loaded again. The newest keys are loaded once in five seconds.
    pub(crate) fn suffice(&self, keys: &LoadedKeys, now: Timestamp, freshness: Freshness) -> bool {
        match freshness {
            Freshness::Usual => keys.is_fresh(now),
            Freshness::Newest => {
                let before = self.sought_at.load(Ordering::Relaxed);
                now.since(Timestamp::from_millis(before)) < KEYS_COOL_DOWN
            }
        }
    }

    /// Notes that the newest keys were loaded at this time.
    pub(crate) fn sought(&self, now: Timestamp) {
        self.sought_at.store(now.as_millis(), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<LoadedKeys> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn keep(&self, loaded: LoadedKeys) {
        self.set(Some(loaded));
    }

    /// Clears the cache, so that the keys are loaded from storage again.
    pub(crate) fn forget(&self) {
        self.set(None);
    }

    fn set(&self, loaded: Option<LoadedKeys>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }
}
