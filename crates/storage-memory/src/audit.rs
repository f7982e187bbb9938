//! The audit log.

use gatewright_storage::{
    Audit, AuditEvent, AuditPage, AuditQuery, Cursor, EventCount, StorageError, Timestamp,
};

use crate::range::within;
use crate::state::{MemoryStorage, State};

/// Returns the cursor after an event: its time and identifier.
fn cursor(event: &AuditEvent) -> Cursor {
    Cursor::new(format!("{} {}", event.at.as_millis(), event.id))
}

fn position_of(cursor: &Cursor) -> Result<(Timestamp, String), StorageError> {
    let read = || {
        let (at, id) = cursor.as_str().split_once(' ')?;
        Some((Timestamp::from_millis(at.parse().ok()?), id.to_owned()))
    };
    read().ok_or_else(|| StorageError::Invalid("the cursor belongs to another list".to_owned()))
}

impl State {
    /// Stores and counts an event. Returns false if there is one with its identifier.
    fn append(&mut self, event: AuditEvent) -> bool {
        if self.events.contains_key(&event.id) {
            return false;
        }
        let what = (event.kind.clone(), event.reason.clone().unwrap_or_default());
        *self.counts.entry(what).or_default() += 1;
        self.events.insert(event.id.clone(), event);
        true
    }

    /// Stores and counts the events that tell of a change.
    pub(crate) fn append_all(&mut self, events: Vec<AuditEvent>) {
        for event in events {
            self.append(event);
        }
    }
}

impl Audit for MemoryStorage {
    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError> {
        Ok(self.lock().append(event))
    }

    async fn list_audit(&self, query: AuditQuery) -> Result<AuditPage, StorageError> {
        let after = query.after.as_ref().map(position_of).transpose()?;
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
                    && after
                        .as_ref()
                        .is_none_or(|(at, id)| (event.at, &event.id) < (*at, id))
            })
            .collect();
        events.sort_by_key(|event| std::cmp::Reverse((event.at, &event.id)));
        let more = events.len() as u64 > query.limit;
        events.truncate(query.limit as usize);
        let next = events.last().filter(|_| more).map(|last| cursor(last));
        Ok(AuditPage {
            events: events.into_iter().cloned().collect(),
            next,
        })
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
