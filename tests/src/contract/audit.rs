//! The audit log.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// Every field is returned unchanged; a second event with the same ID changes nothing, whatever it contains.
pub(crate) fn an_event_is_stored_and_counted_once(storage: &impl Storage) {
    assert_eq!(audited(storage, &all_events()), []);
    assert_eq!(counts(storage), []);
    let whole = AuditEvent {
        reason: Some("wrong_password".to_owned()),
        actor_id: Some(id(1)),
        target_type: Some("user".to_owned()),
        target_id: Some("no UUID, zo\u{eb}".to_owned()),
        session_id: Some(id(10)),
        ip: Some("2001:db8::1".to_owned()),
        user_agent: Some("test, with a comma".to_owned()),
        request_id: Some("request".to_owned()),
        details: r#"{"a": ["zo\u00eb", "a,b"]}"#.to_owned(),
        ..event(100, "login.failed", 5)
    };
    assert!(append(storage, whole.clone()));
    assert!(!append(storage, whole.clone()));
    let other = AuditEvent {
        reason: Some("disabled".to_owned()),
        ..event(100, "login.other", 6)
    };
    assert!(!append(storage, other));
    assert_eq!(audited(storage, &all_events()), [whole]);
    assert_eq!(
        counts(storage),
        [counted("login.failed", "wrong_password", 1)]
    );

    assert!(append(storage, event(101, "login.failed", 5)));
    assert!(append(storage, event(102, "logout", 5)));
    assert!(append(storage, event(103, "logout", 5)));
    let expected = [
        counted("login.failed", "", 1),
        counted("login.failed", "wrong_password", 1),
        counted("logout", "", 2),
    ];
    assert_eq!(counts(storage), expected);
}

/// Concurrent events are all counted; of those with the same ID, one is.
pub(crate) fn no_concurrent_event_is_lost_or_counted_twice(storage: &(impl Storage + Sync)) {
    let appended = concurrently(|caller| {
        let own = append(storage, event(100 + caller as u64, "login.succeeded", 5));
        (own, append(storage, event(99, "login.succeeded", 5)))
    });
    assert!(appended.iter().all(|(own, _)| *own));
    assert_eq!(appended.iter().filter(|(_, common)| *common).count(), 1);
    let expected = [counted("login.succeeded", "", CALLERS as u64 + 1)];
    assert_eq!(counts(storage), expected);
    assert_eq!(audited(storage, &all_events()).len(), CALLERS + 1);
}

/// By time, then by ID, both descending; a page continues where the one before ended.
pub(crate) fn events_are_listed_newest_first(storage: &impl Storage) {
    for (number, seconds) in [(3, 5), (1, 5), (9, 1), (2, 5), (4, 7), (8, 1)] {
        assert!(append(storage, event(number, "logout", seconds)));
    }
    assert_eq!(audited_numbers(storage, &all_events()), [4, 3, 2, 1, 9, 8]);
    let page = |after, limit| {
        let query = AuditQuery {
            after,
            limit,
            ..all_events()
        };
        block_on(storage.list_audit(query)).unwrap()
    };
    for (limit, rest) in [(1, vec![3, 2, 1, 9, 8]), (3, vec![1, 9, 8]), (5, vec![8])] {
        let query = AuditQuery {
            after: page(None, limit).next,
            ..all_events()
        };
        assert_eq!(audited_numbers(storage, &query), rest);
    }
    assert_eq!(page(None, 6).next, None);
    // New events don't affect a walk in progress.
    let third = page(None, 3).next;
    let before = page(third.clone(), 2);
    assert!(append(storage, event(5, "logout", 9)));
    assert_eq!(page(third, 2), before);
    assert_eq!(before.events.len(), 2);
}

/// Each filter alone, at its limits, and all of them together.
pub(crate) fn events_are_listed_by_each_filter(storage: &impl Storage) {
    for (number, kind, actor, target, seconds) in [
        (1, "login.succeeded", Some(1), Some("a"), 1),
        (2, "login.failed", None, Some("b"), 2),
        (3, "login", Some(2), None, 3),
        (4, "Login.failed", Some(1), Some("A"), 4),
        (5, "logins.failed", None, Some("a"), 5),
        (6, "token_a.b", Some(2), Some("b"), 6),
        (7, "token.a.b", Some(1), Some("a"), 7),
        (8, "tokenXa.b", None, None, 8),
        (9, "login.succeeded", Some(2), Some("a"), 9),
    ] {
        let event = AuditEvent {
            actor_id: actor.map(id),
            target_id: target.map(str::to_owned),
            ..event(number, kind, seconds)
        };
        assert!(append(storage, event));
    }
    let with = |set: fn(&mut AuditQuery)| {
        let mut query = all_events();
        set(&mut query);
        audited_numbers(storage, &query)
    };
    fn range(begin: Option<u64>, end: Option<u64>) -> TimeRange {
        TimeRange {
            begin: begin.map(at),
            end: end.map(at),
        }
    }
    let none = [0u64; 0];
    for (kind, expected) in [
        ("login.", vec![9, 2, 1]),
        ("login", vec![3]),
        ("login.failed", vec![2]),
        ("login.fail", vec![]),
        ("login.failed.", vec![]),
        ("Login.", vec![4]),
        ("token_a.", vec![6]),
        ("token.", vec![7]),
        ("token.a.", vec![7]),
        ("login%.", vec![]),
        ("%.", vec![]),
        ("*.", vec![]),
        (".", vec![]),
    ] {
        let query = AuditQuery {
            kind: Some(kind.to_owned()),
            ..all_events()
        };
        assert_eq!(audited_numbers(storage, &query), expected, "{kind}");
    }
    assert_eq!(with(|query| query.actor_id = Some(id(1))), [7, 4, 1]);
    assert_eq!(with(|query| query.actor_id = Some(id(3))), none);
    assert_eq!(
        with(|query| query.target_id = Some("a".into())),
        [9, 7, 5, 1]
    );
    assert_eq!(with(|query| query.target_id = Some("c".into())), none);
    assert_eq!(with(|query| query.at = range(Some(7), None)), [9, 8, 7]);
    assert_eq!(with(|query| query.at = range(None, Some(3))), [2, 1]);
    assert_eq!(with(|query| query.at = range(Some(3), Some(5))), [4, 3]);
    assert_eq!(with(|query| query.at = range(Some(5), Some(5))), none);
    let together = |query: &mut AuditQuery| {
        query.kind = Some("login.".into());
        query.actor_id = Some(id(2));
        query.target_id = Some("a".into());
        query.at = range(Some(1), Some(10));
    };
    assert_eq!(with(together), [9]);
    let but_one = |query: &mut AuditQuery| {
        query.kind = Some("login.".into());
        query.target_id = Some("a".into());
        query.at = range(None, Some(9));
    };
    assert_eq!(with(but_one), [1]);
}

/// An event stays when its user and session are deleted, and can name ones that never existed.
pub(crate) fn an_event_outlives_what_it_names(storage: &impl Storage) {
    signed_in(storage);
    let named = AuditEvent {
        actor_id: Some(id(1)),
        target_type: Some("user".to_owned()),
        target_id: Some(id(1)),
        session_id: Some(id(10)),
        ..event(100, "account.deleted", 5)
    };
    let unknown = AuditEvent {
        actor_id: Some(id(9)),
        session_id: Some(id(99)),
        ..event(101, "user.deleted", 6)
    };
    assert!(append(storage, named.clone()));
    assert!(append(storage, unknown.clone()));
    assert_eq!(delete(storage, 1), DeleteUserOutcome::Deleted(vec![id(10)]));
    assert_eq!(audited(storage, &all_events()), [unknown, named]);
    let expected = [
        counted("account.deleted", "", 1),
        counted("user.deleted", "", 1),
    ];
    assert_eq!(counts(storage), expected);
}
