//! Events of the audit log.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::{at, id};

pub(crate) fn event(number: u64, kind: &str, seconds: u64) -> AuditEvent {
    AuditEvent {
        id: id(number),
        at: at(seconds),
        kind: kind.to_owned(),
        reason: None,
        actor_id: None,
        target_type: None,
        target_id: None,
        session_id: None,
        ip: None,
        user_agent: None,
        request_id: None,
        details: "{}".to_owned(),
    }
}

pub(crate) fn append(storage: &impl Storage, event: AuditEvent) -> bool {
    block_on(storage.append_audit(event)).unwrap()
}

pub(crate) fn all_events() -> AuditQuery {
    AuditQuery {
        kind: None,
        actor_id: None,
        target_id: None,
        at: TimeRange::default(),
        after: None,
        limit: 500,
    }
}

/// Returns all events that a query lists, and checks that pages of any size give the same.
pub(crate) fn audited(storage: &impl Storage, query: &AuditQuery) -> Vec<AuditEvent> {
    let list = |query: &AuditQuery| block_on(storage.list_audit(query.clone())).unwrap();
    let AuditPage { events: all, next } = list(query);
    assert_eq!(next, None);
    for limit in [1, 2] {
        let mut query = AuditQuery {
            limit,
            ..query.clone()
        };
        let mut paged = Vec::new();
        loop {
            let page = list(&query);
            assert!(page.events.len() as u64 <= limit && paged.len() <= all.len());
            paged.extend(page.events);
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        assert_eq!(paged, all, "in pages of {limit}: {query:?}");
    }
    all
}

pub(crate) fn audited_numbers(storage: &impl Storage, query: &AuditQuery) -> Vec<u64> {
    let events = audited(storage, query).into_iter();
    events
        .map(|event| u64::from_str_radix(&event.id[24..], 16).unwrap())
        .collect()
}

/// Returns kind, reason and count, sorted.
pub(crate) fn counts(storage: &impl Storage) -> Vec<(String, String, u64)> {
    let counts = block_on(storage.count_events()).unwrap().into_iter();
    let mut counts: Vec<_> = counts
        .map(
            |EventCount {
                 kind,
                 reason,
                 count,
             }| (kind, reason, count),
        )
        .collect();
    counts.sort();
    counts
}

pub(crate) fn counted(kind: &str, reason: &str, count: u64) -> (String, String, u64) {
    (kind.to_owned(), reason.to_owned(), count)
}
