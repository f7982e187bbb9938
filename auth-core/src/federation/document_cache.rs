//! The instance's cache of documents of sign-in providers.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::federation::jwks::JwkSet;
use crate::federation::metadata::Metadata;
use crate::time::Timestamp;

/// How long a document is used at most.
pub(super) const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A document of a provider that was read. Clones share it.
#[derive(Clone)]
pub(super) enum Content {
    Metadata(Arc<Metadata>),
    Keys(Arc<JwkSet>),
}

/// A document of a provider, and what an instance remembers about it.
#[derive(Clone, Default)]
pub(crate) struct Entry {
    /// The content, and when it was fetched.
    pub(super) document: Option<(Content, Timestamp)>,
    /// When a refresh was last deferred.
    pub(super) refreshed_at: Option<Timestamp>,
    /// When newer keys were last fetched for a token with an unknown key.
    pub(super) renewed_at: Option<Timestamp>,
    /// When it could last not be fetched.
    pub(super) failed_at: Option<Timestamp>,
    /// When storage was last asked for the documents of the issuer at this address.
    pub(super) asked_at: Option<Timestamp>,
}

/// A cache of documents by their addresses, which settings and metadata name.
#[derive(Default)]
pub(crate) struct DocumentCache(Mutex<BTreeMap<String, Entry>>);

impl Entry {
    /// Whether anything here was noted within the life of a document.
    fn is_of_use(&self, now: Timestamp) -> bool {
        let fetched_at = self.document.as_ref().map(|(_, at)| *at);
        [
            fetched_at,
            self.refreshed_at,
            self.renewed_at,
            self.failed_at,
            self.asked_at,
        ]
        .into_iter()
        .flatten()
        .any(|at| now.since(at) < LIFE)
    }
}

impl DocumentCache {
    /// Returns what is remembered about the document at this address.
    pub(super) fn get(&self, url: &str) -> Entry {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(url).cloned().unwrap_or_default()
    }

    /// Changes what is remembered about the document at this address.
    pub(super) fn note(&self, url: &str, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(entries.entry(url.to_owned()).or_default());
    }

    /// Keeps a document. Entries that are too old for any use are dropped, so that a provider that moves its keys fills no
    /// memory.
    pub(super) fn keep(&self, url: &str, content: Content, fetched_at: Timestamp) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| entry.is_of_use(fetched_at));
        let entry = entries.entry(url.to_owned()).or_default();
        entry.document = Some((content, fetched_at));
        entry.failed_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_too_old_are_dropped() {
        let cache = DocumentCache::default();
        let start = Timestamp::from_millis(1_767_225_600_000);
        let keys = || {
            let set = JwkSet::read(br#"{"keys":[]}"#).unwrap();
            Content::Keys(Arc::new(set))
        };
        let known = || -> Vec<String> { cache.0.lock().unwrap().keys().cloned().collect() };
        cache.keep("document", keys(), start);
        cache.note("refreshed", |entry| entry.refreshed_at = Some(start));
        cache.note("renewed", |entry| entry.renewed_at = Some(start));
        cache.note("failed", |entry| entry.failed_at = Some(start));
        cache.note("asked", |entry| entry.asked_at = Some(start));
        let second = Duration::from_secs(1);
        cache.note("later", |entry| entry.failed_at = Some(start + second));
        cache.keep("new", keys(), start + (LIFE - second));
        assert_eq!(known().len(), 7);
        cache.keep("new", keys(), start + LIFE);
        assert_eq!(known(), ["later", "new"]);
    }
}
