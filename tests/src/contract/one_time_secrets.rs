//! One-time secrets.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// Used, expired and unknown secrets are refused; a new one can replace those that were not used.
pub(crate) fn a_one_time_secret_is_used_once(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let find = |digest: &str| block_on(storage.find_one_time_secret(digest.into())).unwrap();
    store_secret(storage, one_time_secret("a", 1), false);
    assert_eq!(find("a"), Some(one_time_secret("a", 1)));
    assert_eq!(find("x"), None);
    assert!(!consume(storage, "x", 5));
    assert!(consume(storage, "a", 5));
    assert!(!consume(storage, "a", 6));
    assert_eq!(find("a").unwrap().consumed_at, Some(at(5)));

    let nobodys = OneTimeSecret {
        user_id: None,
        ..one_time_secret("n", 1)
    };
    store_secret(storage, nobodys, false);
    let other_purpose = OneTimeSecret {
        purpose: "reset".to_owned(),
        ..one_time_secret("o", 1)
    };
    store_secret(storage, other_purpose, false);
    store_secret(storage, one_time_secret("b", 1), false);
    store_secret(storage, one_time_secret("c", 2), false);
    store_secret(storage, one_time_secret("d", 1), true);
    assert_eq!(find("b"), None);
    for digest in ["a", "c", "d", "n", "o"] {
        assert!(find(digest).is_some(), "{digest}");
    }
    assert!(!consume(storage, "d", 100));
    assert!(consume(storage, "d", 99));
}

/// Of concurrent uses of one secret exactly one succeeds.
pub(crate) fn one_of_many_concurrent_uses_of_a_secret_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    store_secret(storage, one_time_secret("a", 1), false);
    let used = concurrently(|_| consume(storage, "a", 5));
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
}
