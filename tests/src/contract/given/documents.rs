//! Public documents of sign-in providers, and calls on them.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::at;

/// Returns a document that was fetched at this second and expires 100 seconds later.
pub(crate) fn document(name: &str, content: &str, seconds: u64) -> Document {
    Document {
        name: name.to_owned(),
        content: content.to_owned(),
        fetched_at: at(seconds),
        expires_at: at(seconds + 100),
    }
}

pub(crate) fn store_document(storage: &impl Storage, document: Document) {
    assert_eq!(block_on(storage.store_document(document)), Ok(()));
}

pub(crate) fn find_document(storage: &impl Storage, name: &str) -> Option<Document> {
    let mut found = find_documents(storage, &[name]);
    assert!(found.len() < 2, "{found:?}");
    found.pop()
}

/// Returns the documents of these names, sorted by their names.
pub(crate) fn find_documents(storage: &impl Storage, names: &[&str]) -> Vec<Document> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let mut found = block_on(storage.find_documents(names)).unwrap();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
