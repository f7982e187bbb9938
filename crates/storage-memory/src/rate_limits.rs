//! Counters for rate limits.

use gatewright_storage::{Limit, LimitState, RateLimits, StorageError, Timestamp};

use crate::state::MemoryStorage;

impl RateLimits for MemoryStorage {
    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError> {
        let mut state = self.lock();
        let mut states = Vec::new();
        for limit in limits {
            let fresh = LimitState {
                count: 0,
                resets_at: now + limit.window,
            };
            let counter = state.limits.entry(limit.key).or_insert(fresh);
            if counter.resets_at <= now {
                *counter = fresh;
            }
            counter.count += 1;
            states.push(*counter);
            if counter.count > limit.max {
                break;
            }
        }
        Ok(states)
    }

    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError> {
        self.lock()
            .limits
            .retain(|key, _| !prefixes.iter().any(|prefix| key.starts_with(prefix)));
        Ok(())
    }
}
