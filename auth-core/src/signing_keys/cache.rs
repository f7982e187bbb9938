//! The keys that an instance has read, and for how long it uses them.

use core::ops::Deref;
use core::time::Duration;
use std::sync::{Arc, PoisonError, RwLock};

use crate::jose::KeySet;
use crate::time::Timestamp;

/// How old keys may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As old as a minute.
    Usual,
    /// As new as can be had without asking storage for every made-up `kid`.
    Newest,
}

/// How long loaded keys are used before storage is asked again: a rotation is noticed within this time.
const KEYS_FRESH: Duration = Duration::from_secs(60);
/// How soon after loading an unknown `kid` makes storage be asked again, so that made-up ones cost nothing.
const KEYS_COOL_DOWN: Duration = Duration::from_secs(5);

/// Keys, and when they were loaded.
#[derive(Clone)]
pub(crate) struct LoadedKeys {
    set: Arc<KeySet>,
    /// When those before the last emergency ended.
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

    /// Whether the last emergency that storage knows of was before they were loaded. A time is compared with itself, and not
    /// with another clock's.
    pub(crate) fn know_of(&self, ended_at: Option<Timestamp>) -> bool {
        self.ended_at == ended_at
    }

    pub(crate) fn is_fresh(&self, now: Timestamp, freshness: Freshness) -> bool {
        let good_for = match freshness {
            Freshness::Usual => KEYS_FRESH,
            Freshness::Newest => KEYS_COOL_DOWN,
        };
        now.since(self.loaded_at) < good_for
    }
}

/// Keeps the keys that were loaded last.
#[derive(Default)]
pub(crate) struct KeyCache(RwLock<Option<LoadedKeys>>);

impl KeyCache {
    pub(crate) fn get(&self) -> Option<LoadedKeys> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn keep(&self, loaded: LoadedKeys) {
        self.set(Some(loaded));
    }

    /// Forgets the keys, so that those of storage are read anew.
    pub(crate) fn forget(&self) {
        self.set(None);
    }

    fn set(&self, loaded: Option<LoadedKeys>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }
}
