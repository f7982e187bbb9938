//! The context of every decision: a platform, a configuration, and the state that an instance keeps between requests.

use core::sync::atomic::{AtomicBool, AtomicU64};

use crate::config::Config;
use crate::federation::document_cache::DocumentCache;
use crate::password::cost_cache::CostCache;
use crate::password::hasher::Hasher;
use crate::password::parameters::Parameters;
use crate::platform::Platform;
use crate::signing_keys::cache::KeyCache;
use crate::time::Timestamp;

/// One instance's platform, configuration and caches. Services borrow it; it depends on none of them.
pub(crate) struct Context<P> {
    pub(crate) platform: P,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    /// Number of audit events that could not be stored and are not reported yet.
    pub(crate) lost_events: AtomicU64,
    /// Whether the key of the settings is that of the database.
    pub(crate) secret_key_checked: AtomicBool,
    pub(crate) keys: KeyCache,
    pub(crate) costs: CostCache,
    pub(crate) documents: DocumentCache,
}

impl<P: Platform> Context<P> {
    pub(crate) fn new(platform: P, config: Config) -> Self {
        let parameters = Parameters::new(
            config.argon2_memory,
            config.argon2_iterations,
            config.argon2_parallelism,
        )
        .unwrap_or_default();
        let hasher = Hasher::within(parameters, platform.hash_memory());
        Self {
            platform,
            config,
            hasher,
            lost_events: AtomicU64::new(0),
            secret_key_checked: AtomicBool::new(false),
            keys: KeyCache::default(),
            costs: CostCache::default(),
            documents: DocumentCache::default(),
        }
    }

    /// Returns the platform's storage.
    pub(crate) fn storage(&self) -> &P::Storage {
        self.platform.storage()
    }

    /// Returns the platform's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.platform.now()
    }

    /// Reports sessions that storage has just ended to the platform.
    pub(crate) fn announce_ended(&self, sessions: Vec<String>, now: Timestamp) {
        if !sessions.is_empty() {
            let until = now + self.config.access_token_life + self.config.clock_tolerance;
            self.platform.sessions_ended(sessions, until);
        }
    }
}

/// Declares a service: the decisions about one noun. It borrows the context, and is created for each call.
macro_rules! service {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<'a, P> {
            pub(crate) context: &'a $crate::context::Context<P>,
        }

        impl<'a, P> $name<'a, P> {
            pub(crate) fn new(context: &'a $crate::context::Context<P>) -> Self {
                Self { context }
            }
        }
    };
}
pub(crate) use service;
