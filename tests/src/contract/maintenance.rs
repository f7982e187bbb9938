//! Deleting old rows.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// Rows that expired before the given time are deleted; others stay.
pub(crate) fn purging_takes_what_has_ended(storage: &impl Storage) {
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
        block_on(storage.revoke_session(id(12), at(200), "logout".into(), vec![])),
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
    assert_eq!(block_on(storage.check(at(301))), Ok(()));
}

/// Documents are deleted as soon as they have expired; others stay.
pub(crate) fn purging_takes_expired_documents(storage: &impl Storage) {
    store_document(storage, document("old", "{}", 1));
    store_document(storage, document("new", "{}", 2));
    assert_eq!(block_on(storage.purge(at(100), at(0), None)), Ok(0));
    assert_eq!(block_on(storage.purge(at(101), at(0), None)), Ok(1));
    assert_eq!(find_document(storage, "old"), None);
    let new = document("new", "{}", 2);
    assert_eq!(find_document(storage, "new"), Some(new));
}

/// Events before the given time are deleted; their counts stay.
pub(crate) fn purged_events_stay_counted(storage: &impl Storage) {
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

/// The first fingerprint is stored, and every later call returns it.
pub(crate) fn the_first_fingerprint_stays(storage: &impl Storage) {
    let store = |fingerprint: &str| block_on(storage.store_key_fingerprint(fingerprint.into()));
    assert_eq!(block_on(storage.find_key_fingerprint()), Ok(None));
    for fingerprint in ["first", "second", "first"] {
        assert_eq!(store(fingerprint), Ok("first".to_owned()));
    }
    // It is no expired data.
    block_on(storage.purge(at(1000), at(1000), Some(at(1000)))).unwrap();
    let found = block_on(storage.find_key_fingerprint());
    assert_eq!(found, Ok(Some("first".to_owned())));
}

/// Of concurrent callers with fingerprints of their own, all get the same one.
pub(crate) fn one_of_many_concurrent_fingerprints_stays(storage: &(impl Storage + Sync)) {
    let stored = concurrently(|number| {
        block_on(storage.store_key_fingerprint(format!("key {number}"))).unwrap()
    });
    let kept = block_on(storage.store_key_fingerprint("later".into())).unwrap();
    assert!(stored.iter().all(|stored| *stored == kept), "{stored:?}");
}

/// A database of the current version has no keys to replace, and a user who is not listed gets none.
pub(crate) fn keys_of_today_stay(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    assert_eq!(block_on(storage.list_old_email_keys()), Ok(vec![]));
    let key = EmailKey {
        user_id: id(1),
        email: "ada@example.com".to_owned(),
        key: "other".to_owned(),
    };
    assert_eq!(block_on(storage.renew_email_keys(vec![key])), Ok(vec![]));
    let name = LoginName::Email("ada@example.com".to_owned());
    assert!(block_on(storage.find_account(name)).unwrap().is_some());
}
