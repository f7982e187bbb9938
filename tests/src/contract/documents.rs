//! Public documents of sign-in providers.

use auth_core::storage::*;

use crate::contract::given::*;

/// A document is found under its name, byte by byte, also when it has expired, until another takes its place.
pub(crate) fn a_document_is_found_by_its_name(storage: &impl Storage) {
    assert_eq!(find_document(storage, "a keys"), None);
    store_document(storage, document("a keys", r#"{"keys": ["zoë"]}"#, 1));
    store_document(storage, document("A keys", "", 2));
    let first = document("a keys", r#"{"keys": ["zoë"]}"#, 1);
    assert_eq!(find_document(storage, "a keys"), Some(first));
    let other = document("A keys", "", 2);
    assert_eq!(find_document(storage, "A keys"), Some(other.clone()));
    for unknown in ["a", "a keys ", ""] {
        assert_eq!(find_document(storage, unknown), None, "{unknown}");
    }

    // Several at once, of which some are missing.
    store_document(storage, document("x", "{}", 3));
    let both = [other.clone(), document("x", "{}", 3)];
    assert_eq!(find_documents(storage, &["x", "b", "A keys", "'"]), both);
    assert!(find_documents(storage, &[]).is_empty());
    let eight = ["1", "2", "3", "4", "5", "6", "A keys", "x"];
    assert_eq!(find_documents(storage, &eight), both);

    // The clock of the first instance was ahead.
    let longest = document("a keys", &"x".repeat(256 * 1024), 0);
    store_document(storage, longest.clone());
    assert_eq!(find_document(storage, "a keys"), Some(longest));
    assert_eq!(find_document(storage, "A keys"), Some(other));
}

/// Of concurrent documents with one name, one stays, with its own times.
pub(crate) fn one_of_many_concurrent_documents_stays(storage: &(impl Storage + Sync)) {
    let of = |caller: usize| document("keys", &format!("{caller} ").repeat(5000), caller as u64);
    concurrently(|caller| store_document(storage, of(caller)));
    let found = find_document(storage, "keys");
    let same = |caller: &usize| found == Some(of(*caller));
    assert_eq!((0..CALLERS).filter(same).count(), 1);
}
