//! One-time secrets.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// Secrets that are used, expired, unknown or for another purpose are refused; a new one can replace those that were
/// not used.
pub(crate) fn a_one_time_secret_is_used_once(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let find = |digest: &str| block_on(storage.find_one_time_secret(digest.into())).unwrap();
    store_secret(storage, one_time_secret("a", 1), false);
    assert_eq!(find("a"), Some(one_time_secret("a", 1)));
    assert_eq!(find("x"), None);
    let use_up = |digest: &str, purpose: &str, seconds| {
        let used = storage.consume_one_time_secret(digest.into(), purpose.into(), at(seconds));
        block_on(used).unwrap()
    };
    assert_eq!(use_up("x", "verify", 5), None);
    for other in ["reset", "Verify", ""] {
        assert_eq!(use_up("a", other, 5), None, "{other}");
    }
    assert_eq!(find("a"), Some(one_time_secret("a", 1)));
    assert_eq!(use_up("a", "verify", 5), Some(one_time_secret("a", 1)));
    assert_eq!(use_up("a", "verify", 6), None);
    assert_eq!(find("a").unwrap().consumed_at, Some(at(5)));

    let nobodys = OneTimeSecret {
        user_id: None,
        ..one_time_secret("n", 1)
    };
    store_secret(storage, nobodys.clone(), false);
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
    assert_eq!(use_up("n", "verify", 5), Some(nobodys));
}

/// A second secret with the same digest changes nothing, whether the first is used, expired or neither.
pub(crate) fn a_digest_is_stored_once(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    store_secret(storage, one_time_secret("unused", 1), false);
    store_secret(storage, one_time_secret("used", 2), false);
    assert!(consume(storage, "used", 5));
    let find = |digest: &str| block_on(storage.find_one_time_secret(digest.into())).unwrap();
    for digest in ["unused", "used"] {
        let before = find(digest);
        let second = OneTimeSecret {
            payload: "{}".to_owned(),
            created_at: at(200),
            expires_at: at(300),
            ..one_time_secret(digest, 1)
        };
        for replaces in [false, true] {
            let stored = storage.store_one_time_secret(second.clone(), replaces);
            assert_eq!(block_on(stored), Ok(false), "{digest}");
            assert_eq!(find(digest), before);
            assert_eq!(find("unused"), Some(one_time_secret("unused", 1)));
        }
    }
}

/// Of concurrent secrets with one digest exactly one is stored.
pub(crate) fn one_of_many_concurrent_secrets_is_stored(storage: &(impl Storage + Sync)) {
    let of = |caller: usize| OneTimeSecret {
        user_id: None,
        payload: caller.to_string(),
        ..one_time_secret("a", 1)
    };
    let stored =
        concurrently(|caller| block_on(storage.store_one_time_secret(of(caller), false)).unwrap());
    assert_eq!(times(&stored, true), 1);
    let first = stored.iter().position(|stored| *stored).unwrap();
    let found = block_on(storage.find_one_time_secret("a".into())).unwrap();
    assert_eq!(found, Some(of(first)));
}

/// Of concurrent uses of one secret exactly one succeeds.
pub(crate) fn one_of_many_concurrent_uses_of_a_secret_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    store_secret(storage, one_time_secret("a", 1), false);
    let used = concurrently(|_| consume(storage, "a", 5));
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
}
