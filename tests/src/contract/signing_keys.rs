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
    }
}

/// One key of an algorithm signs; it is replaced only by who has seen it.
pub(crate) fn one_key_signs(storage: &impl Storage) {
    let add = |key: StoredSigningKey, replaces: Option<&str>| {
        block_on(storage.add_signing_key(key, replaces.map(str::to_owned), at(1000))).unwrap()
    };
    assert!(block_on(storage.list_signing_keys()).unwrap().is_empty());
    assert!(!add(key("a", "EdDSA", 1), Some("unseen")));
    assert!(add(key("a", "EdDSA", 1), None));
    assert!(!add(key("b", "EdDSA", 2), None));
    assert!(add(key("c", "ES256", 3), None));
    assert!(!add(key("d", "EdDSA", 4), Some("c")));
    assert!(add(key("e", "EdDSA", 5), Some("a")));
    assert!(!add(key("f", "EdDSA", 6), Some("a")));
    let retired = StoredSigningKey {
        retired_at: Some(at(5)),
        expires_at: Some(at(1000)),
        ..key("a", "EdDSA", 1)
    };
    let keys = block_on(storage.list_signing_keys()).unwrap();
    assert!(keys == [retired, key("c", "ES256", 3), key("e", "EdDSA", 5)]);
}

/// Of concurrent first keys, and of concurrent replacements, exactly one is stored.
pub(crate) fn one_of_many_concurrent_keys_wins(storage: &(impl Storage + Sync)) {
    let add = |round: u64, replaces: Option<String>| {
        let added = concurrently(|caller| {
            let key = key(&format!("{round}-{caller}"), "EdDSA", round);
            block_on(storage.add_signing_key(key, replaces.clone(), at(1000))).unwrap()
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
