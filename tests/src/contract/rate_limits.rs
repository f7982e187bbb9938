//! Counters.

use std::time::Duration;

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// No event is lost, no two callers get the same count, and a new window starts at one.
pub(crate) fn counting_loses_nothing(storage: &(impl Storage + Sync)) {
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

/// An event that exceeds a limit is counted there, and not on the limits after it.
pub(crate) fn an_exceeded_limit_spares_those_after_it(storage: &impl Storage) {
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

/// With eight limits in one call, an exceeded one is counted with those before it, and those after it are not.
pub(crate) fn eight_limits_are_counted_in_one_call(storage: &impl Storage) {
    // The limit at this position admits one event, the others many.
    let limits = |narrow: usize| -> Vec<_> {
        let max = |place: usize| if place == narrow { 1 } else { 1000 };
        let limit = |place: usize| Limit {
            key: format!("{narrow}/{place}"),
            window: Duration::from_secs(60),
            max: max(place),
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

/// Exactly the limits whose keys begin with one of the prefixes start at one again; no character is a wildcard.
pub(crate) fn limits_are_cleared_by_prefix(storage: &impl Storage) {
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
    let count_all = |seconds| -> Vec<u64> {
        let limit = |key: &&str| Limit {
            key: (*key).to_owned(),
            window: Duration::from_secs(60),
            max: 1000,
        };
        let calls = keys.chunks(8).flat_map(|keys| {
            let limits = keys.iter().map(limit).collect();
            block_on(storage.count(limits, at(seconds))).unwrap()
        });
        calls.map(|state| state.count).collect()
    };
    let clear = |prefixes: &[&str], cleared: &[&str]| {
        // Enough events to tell whether a limit has started again.
        count_all(0);
        count_all(0);
        assert_eq!(block_on(storage.clear_limits(names(prefixes))), Ok(()));
        for (key, count) in keys.into_iter().zip(count_all(1)) {
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
