//! The audit log.

use gatewright_storage::{Audit, AuditEvent, AuditQuery, EventCount, StorageError};

use crate::range::within;
use crate::state::MemoryStorage;

impl Audit for MemoryStorage {
    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError> {
        let mut state = self.lock();
        if state.events.contains_key(&event.id) {
            return Ok(false);
        }
        let what = (event.kind.clone(), event.reason.clone().unwrap_or_default());
        *state.counts.entry(what).or_default() += 1;
        state.events.insert(event.id.clone(), event);
        Ok(true)
    }

    async fn list_audit(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        let state = self.lock();
        let mut events: Vec<_> = state
            .events
            .values()
            .filter(|event| {
                let kind = |kind: &String| {
                    event.kind == *kind || kind.ends_with('.') && event.kind.starts_with(kind)
                };
                query.kind.as_ref().is_none_or(kind)
                    && (query.actor_id.is_none() || query.actor_id == event.actor_id)
                    && (query.target_id.is_none() || query.target_id == event.target_id)
                    && within(query.at, event.at)
                    && query
                        .after
                        .as_ref()
                        .is_none_or(|after| (event.at, &event.id) < (after.at, &after.id))
            })
            .collect();
        events.sort_by_key(|event| std::cmp::Reverse((event.at, &event.id)));
        Ok(events
            .into_iter()
            .take(query.limit as usize)
            .cloned()
            .collect())
    }

    async fn count_events(&self) -> Result<Vec<EventCount>, StorageError> {
        let state = self.lock();
        let counts = state.counts.iter();
        let counts = counts.map(|((kind, reason), count)| EventCount {
            kind: kind.clone(),
            reason: reason.clone(),
            count: *count,
        });
        Ok(counts.collect())
    }
}
