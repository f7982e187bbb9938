//! Keys that sign access tokens.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

fn key(kid: &str, algorithm: &str, seconds: u64) -> StoredSigningKey {
    StoredSigningKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        public_jwk: format!(r#"{{"kid":"{kid}"}}"#),
        ciphertext: format!("sealed {kid}"),
        created_at: at(seconds),
        retired_at: None,
        expires_at: None,
        emergency: false,
    }
}

/// One key of each algorithm signs; it is replaced only by a caller that has seen it.
pub(crate) fn one_key_signs(storage: &impl Storage) {
    let add = |key: StoredSigningKey, replaces: Option<&str>| {
        block_on(storage.add_signing_key(key, replaces.map(str::to_owned), at(1000), vec![]))
            .unwrap()
    };
    assert!(block_on(storage.list_signing_keys()).unwrap().is_empty());
    assert!(!add(key("a", "EdDSA", 1), Some("unseen")));
    assert!(add(key("a", "EdDSA", 1), None));
    assert!(!add(key("b", "EdDSA", 2), None));
    assert!(!add(key("d", "EdDSA", 4), Some("c")));
    assert!(add(key("e", "EdDSA", 5), Some("a")));
    assert!(!add(key("f", "EdDSA", 6), Some("a")));
    let keys = block_on(storage.list_signing_keys()).unwrap();
    assert!(keys == [retired(key("a", "EdDSA", 1), 5, 1000), key("e", "EdDSA", 5)]);
}

fn retired(key: StoredSigningKey, at_seconds: u64, until: u64) -> StoredSigningKey {
    StoredSigningKey {
        retired_at: Some(at(at_seconds)),
        expires_at: Some(at(until)),
        ..key
    }
}

/// V11.2.2: a key of a former algorithm retires like any other.
pub(crate) fn a_key_of_another_algorithm_retires(storage: &impl Storage) {
    let add = |key: StoredSigningKey, replaces: Option<&str>, until: u64| {
        block_on(storage.add_signing_key(key, replaces.map(str::to_owned), at(until), vec![]))
            .unwrap()
    };
    assert!(add(key("a", "EdDSA", 1), None, 1000));
    assert!(!add(key("b", "ES256", 2), Some("a"), 1000));
    assert!(add(key("b", "ES256", 2), None, 1002));
    assert!(add(key("c", "EdDSA", 3), None, 1003));
    let keys = block_on(storage.list_signing_keys()).unwrap();
    let first = retired(key("a", "EdDSA", 1), 2, 1002);
    assert!(
        keys == [
            first,
            retired(key("b", "ES256", 2), 3, 1003),
            key("c", "EdDSA", 3)
        ]
    );
}

/// An emergency key ends all other keys, and every session returns the time of the emergency.
pub(crate) fn a_key_of_an_emergency_ends_all_others(storage: &impl Storage) {
    signed_in(storage);
    let add = |key: StoredSigningKey, replaces: Option<&str>, until: u64| {
        block_on(storage.add_signing_key(key, replaces.map(str::to_owned), at(until), vec![]))
            .unwrap()
    };
    let emergency = |key: StoredSigningKey| StoredSigningKey {
        emergency: true,
        ..key
    };
    assert!(add(key("a", "ES256", 1), None, 1000));
    assert!(add(key("b", "EdDSA", 2), None, 5));
    assert!(add(key("c", "EdDSA", 3), Some("b"), 1000));
    assert_eq!(find(storage, 10).keys_ended_at, None);
    assert!(!add(emergency(key("d", "EdDSA", 9)), Some("b"), 9));
    assert_eq!(find(storage, 10).keys_ended_at, None);
    assert!(add(emergency(key("d", "EdDSA", 9)), Some("c"), 9));
    assert_eq!(find(storage, 10).keys_ended_at, Some(at(9)));
    let keys = block_on(storage.list_signing_keys()).unwrap();
    let ended = [
        retired(key("a", "ES256", 1), 2, 5),
        retired(key("b", "EdDSA", 2), 3, 9),
        retired(key("c", "EdDSA", 3), 9, 9),
    ];
    assert!(keys[..3] == ended && keys[3..] == [emergency(key("d", "EdDSA", 9))]);
    // After a later rotation it is still the last emergency.
    assert!(add(key("e", "EdDSA", 20), Some("d"), 1000));
    assert_eq!(find(storage, 10).keys_ended_at, Some(at(9)));
}

/// Of concurrent first keys, and of concurrent replacements, exactly one is stored.
pub(crate) fn one_of_many_concurrent_keys_wins(storage: &(impl Storage + Sync)) {
    let add = |round: u64, replaces: Option<String>| {
        let added = concurrently(|caller| {
            let key = key(&format!("{round}-{caller}"), "EdDSA", round);
            block_on(storage.add_signing_key(key, replaces.clone(), at(1000), vec![])).unwrap()
        });
        assert_eq!(added.iter().filter(|added| **added).count(), 1);
        let keys = block_on(storage.list_signing_keys()).unwrap();
        let mut signing = keys.into_iter().filter(|key| key.retired_at.is_none());
        let current = signing.next().unwrap().kid;
        assert!(signing.next().is_none());
        current
    };
    let first = add(1, None);
    let second = add(2, Some(first));
    assert!(second.starts_with("2-"));
    assert_eq!(block_on(storage.list_signing_keys()).unwrap().len(), 2);
}
