//! Signing keys, limits, and what is cleared out.

use super::*;

fn key(kid: &str, algorithm: &str, seconds: u64) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        public_jwk: format!(r#"{{"kid":"{kid}"}}"#),
        sealed: format!("sealed {kid}"),
        created_at: at(seconds),
        retired_at: None,
        expires_at: None,
    }
}

/// One key of an algorithm signs; it is replaced only by who has seen it.
pub fn one_key_signs(storage: &impl Storage) {
    let add = |key: SigningKey, replaces: Option<&str>| {
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
    let retired = SigningKey {
        retired_at: Some(at(5)),
        expires_at: Some(at(1000)),
        ..key("a", "EdDSA", 1)
    };
    let keys = block_on(storage.list_signing_keys()).unwrap();
    assert!(keys == [retired, key("c", "ES256", 3), key("e", "EdDSA", 5)]);
}

/// Of concurrent first keys, and of concurrent replacements, exactly one is stored.
pub fn one_of_many_concurrent_keys_wins(storage: &(impl Storage + Sync)) {
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

fn limits(most: u64) -> Vec<Limit> {
    let limit = |key: &str, most| Limit {
        key: key.to_owned(),
        window: Duration::from_secs(60),
        most,
    };
    vec![limit("a", most), limit("b", 1_000_000)]
}

/// No event is lost, no two callers see one count, and a new window starts at one.
pub fn counting_loses_nothing(storage: &(impl Storage + Sync)) {
    let mut seen: Vec<_> = concurrently(|_| {
        let counts = (0..5).map(|_| block_on(storage.count(limits(1000), at(0))).unwrap()[0]);
        counts.collect::<Vec<_>>()
    })
    .concat();
    seen.sort_by_key(|state| state.count);
    let counts: Vec<_> = seen.iter().map(|state| state.count).collect();
    assert_eq!(counts, (1..=5 * CALLERS as u64).collect::<Vec<_>>());
    assert!(seen.iter().all(|state| state.resets_at == at(60)));
    let count = |seconds| block_on(storage.count(limits(1000), at(seconds))).unwrap()[1];
    assert_eq!(
        (count(59).count, count(59).resets_at),
        (5 * CALLERS as u64 + 1, at(60))
    );
    assert_eq!((count(60).count, count(61).resets_at), (1, at(120)));
    assert!(block_on(storage.count(vec![], at(0))).unwrap().is_empty());
}

/// An event that exceeds one limit is counted there, and on none of the limits after it.
pub fn an_exceeded_limit_spares_those_after_it(storage: &impl Storage) {
    let count = |seconds| -> Vec<u64> {
        let states = block_on(storage.count(limits(2), at(seconds))).unwrap();
        states.iter().map(|state| state.count).collect()
    };
    assert_eq!((count(0), count(1)), (vec![1, 1], vec![2, 2]));
    assert_eq!((count(2), count(3)), (vec![3], vec![4]));
    let wide = || block_on(storage.count(limits(2).split_off(1), at(4))).unwrap()[0].count;
    assert_eq!(wide(), 3);
    // A new window of the narrow limit.
    assert_eq!(count(60), [1, 1]);
}

/// Of eight limits in one call each spares those after it when it is exceeded, and those before it have counted.
pub fn eight_limits_are_counted_in_one_call(storage: &impl Storage) {
    // The one at this place admits one event, the others many.
    let limits = |narrow: usize| -> Vec<_> {
        let most = |place: usize| if place == narrow { 1 } else { 1000 };
        let limit = |place: usize| Limit {
            key: format!("{narrow}/{place}"),
            window: Duration::from_secs(60),
            most: most(place),
        };
        (0..8).map(limit).collect()
    };
    for narrow in 0..8 {
        let count = |seconds| -> Vec<u64> {
            let states = block_on(storage.count(limits(narrow), at(seconds))).unwrap();
            states.iter().map(|state| state.count).collect()
        };
        assert_eq!(count(0), [1; 8]);
        assert_eq!(count(1), vec![2; narrow + 1]);
        assert_eq!(count(2), vec![3; narrow + 1]);
        for (place, limit) in limits(narrow).into_iter().enumerate() {
            let state = block_on(storage.count(vec![limit], at(3))).unwrap()[0];
            assert_eq!(state.count, if place <= narrow { 4 } else { 2 });
        }
        // A new window of all of them.
        assert_eq!(count(60), [1; 8]);
    }
}

/// Whatever begins with one of the prefixes starts at one again, and nothing else; no character stands for others.
pub fn limits_are_cleared_by_prefix(storage: &impl Storage) {
    let keys = [
        "a",
        "a:1",
        "a:2",
        "A:1",
        "a%:1",
        "a_:1",
        "ax:1",
        "b:1",
        "b*:1",
        "[b]",
        "zo\u{eb}",
        "zoe",
        "z\u{10ffff}",
        "z\u{10ffff}x",
        "{",
    ];
    let clear = |prefixes: &[&str], cleared: &[&str]| {
        for key in keys {
            let limit = Limit {
                key: key.to_owned(),
                window: Duration::from_secs(60),
                most: 1000,
            };
            // As many as it takes to tell a limit that starts again.
            block_on(storage.count(vec![limit.clone()], at(0))).unwrap();
            block_on(storage.count(vec![limit], at(0))).unwrap();
        }
        assert_eq!(block_on(storage.clear_limits(names(prefixes))), Ok(()));
        for key in keys {
            let limit = Limit {
                key: key.to_owned(),
                window: Duration::from_secs(60),
                most: 1000,
            };
            let count = block_on(storage.count(vec![limit], at(1))).unwrap()[0].count;
            assert_eq!(count == 1, cleared.contains(&key), "{prefixes:?}: {key}");
        }
    };
    clear(&[], &[]);
    clear(&["c", "a:11", "%", "_", "*", "?", "%:1", "x"], &[]);
    clear(&["a:"], &["a:1", "a:2"]);
    clear(&["a_", "A"], &["a_:1", "A:1"]);
    clear(&["a%"], &["a%:1"]);
    clear(&["b*", "[b"], &["b*:1", "[b]"]);
    clear(&["zo\u{eb}"], &["zo\u{eb}"]);
    clear(&["z\u{10ffff}"], &["z\u{10ffff}", "z\u{10ffff}x"]);
    clear(&["b:1", "a:2", "b", "1"], &["a:2", "b:1", "b*:1"]);
}

/// What ended before the given time goes; what lasts stays.
pub fn purging_takes_what_has_ended(storage: &impl Storage) {
    signed_in(storage);
    start(
        storage,
        Session {
            expires_at: at(100),
            ..session(11, 1)
        },
        "short",
    );
    start(storage, session(12, 1), "revoked");
    store_secret(storage, one_time_secret("a", 1), false);
    assert_eq!(
        block_on(storage.revoke_session(id(12), at(200), "logout".into())),
        Ok(vec![id(12)])
    );
    block_on(storage.count(limits(1000).split_off(1), at(0))).unwrap();
    assert_eq!(block_on(storage.purge(at(59), at(60), None)).unwrap(), 0);
    // The counter, the one-time secret, the short session and its token.
    assert_eq!(block_on(storage.purge(at(60), at(150), None)).unwrap(), 4);
    assert_eq!(block_on(storage.purge(at(300), at(300), None)).unwrap(), 1);
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
    assert_eq!(
        block_on(storage.find_refresh_token_session("revoked".into())),
        Ok(None)
    );
    assert_eq!(find(storage, 10).session.revoked_at, None);
    assert!(matches!(
        rotate(storage, "first", "second", 301),
        RotationOutcome::Rotated(_)
    ));
    assert_eq!(block_on(storage.check()), Ok(()));
}

/// Events that happened before a time go when one is given; how often they happened stays.
pub fn purged_events_stay_counted(storage: &impl Storage) {
    for (number, seconds) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
        assert!(append(storage, event(number, "logout", seconds)));
    }
    let purge =
        |before: Option<u64>| block_on(storage.purge(at(100), at(100), before.map(at))).unwrap();
    let everything = [counted("logout", "", 4)];
    assert_eq!(purge(None), 0);
    assert_eq!(purge(Some(1)), 0);
    assert_eq!(audited_numbers(storage, &all_events()), [4, 3, 2, 1]);
    assert_eq!(purge(Some(3)), 2);
    assert_eq!(audited_numbers(storage, &all_events()), [4, 3]);
    assert_eq!(counts(storage), everything);
    assert_eq!(purge(Some(4)), 2);
    assert_eq!(audited(storage, &all_events()), []);
    assert_eq!(counts(storage), everything);
    assert!(append(storage, event(5, "logout", 5)));
    assert_eq!(counts(storage), [counted("logout", "", 5)]);
}
