//! Starting and ending sessions.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// One query returns the session, its user, and roles and permissions, sorted and without duplicates.
pub(crate) fn a_session_comes_with_its_user_roles_and_permissions(storage: &impl Storage) {
    let mut user = new_user(1, Some("ada@example.com"), Some("ada"));
    user.roles = ["user", "superadmin", "no such role"]
        .map(str::to_owned)
        .to_vec();
    create(storage, user.clone());
    let started = start(storage, session(10, 1), "first");
    assert_eq!(started.session, session(10, 1));
    assert_eq!(
        started.user,
        User {
            last_login_at: Some(at(1)),
            ..user.user
        }
    );
    assert_eq!(started.roles, ["superadmin", "user"]);
    assert_eq!(started.permissions, ["*"]);
    assert_eq!(find(storage, 10), started);
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
}

/// An unknown or disabled user gets no session, and nothing is stored.
pub(crate) fn an_inactive_user_gets_no_session(storage: &impl Storage) {
    let mut disabled = new_user(1, Some("ada@example.com"), None);
    disabled.user.disabled_at = Some(at(0));
    create(storage, disabled);
    for user in [1, 2] {
        let refresh_token = Some(RefreshToken {
            digest: "first".into(),
            expires_at: at(100),
            names_session: false,
        });
        let new = NewSession {
            session: session(10, user),
            refresh_token,
            credential: None,
            identity: None,
            ends_others: false,
            continues: None,
            replaces: Vec::new(),
            events: vec![],
        };
        assert_eq!(
            block_on(storage.start_session(new)),
            Ok(StartSessionOutcome::UserInactive)
        );
    }
    assert_eq!(block_on(storage.find_session(id(10))), Ok(None));
    assert_eq!(
        block_on(storage.find_refresh_token_session("first".into())),
        Ok(None)
    );
}

/// A login fails if its credential is deleted before its session starts.
pub(crate) fn a_session_rests_on_its_credential(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let start = |number, credential| {
        let new = NewSession {
            session: session(number, 1),
            refresh_token: None,
            credential: Some(id(credential)),
            identity: None,
            ends_others: true,
            continues: None,
            replaces: Vec::new(),
            events: vec![],
        };
        block_on(storage.start_session(new)).unwrap()
    };
    assert!(matches!(start(10, 1001), StartSessionOutcome::Started(_)));
    // Another user's credential, and a deleted one.
    assert_eq!(start(11, 1002), StartSessionOutcome::UserInactive);
    assert!(block_on(storage.delete_credential(id(1001), vec![])).unwrap());
    assert_eq!(start(11, 1001), StartSessionOutcome::UserInactive);
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
    assert_eq!(find(storage, 10).session.revoked_at, None);
}

fn begin(storage: &impl Storage, new: NewSession) -> Option<StartedSession> {
    match block_on(storage.start_session(new)).unwrap() {
        StartSessionOutcome::Started(mut started) => {
            started.ended.sort();
            Some(started)
        }
        StartSessionOutcome::UserInactive => None,
    }
}

/// V7.2.4: replaced sessions end together with those that depend on them, of any user; ended ones stay unchanged.
pub(crate) fn a_session_takes_the_place_of_others(storage: &impl Storage) {
    signed_in(storage);
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    let acting = Session {
        actor_id: Some(id(2)),
        parent_id: Some(id(20)),
        ..session(21, 1)
    };
    start(storage, acting, "as ada");
    start(storage, session(12, 1), "stays");
    start(storage, expired(13, 1), "expired");
    let new = |user, replaces: &[u64]| NewSession {
        session: Session {
            created_at: at(5),
            ..session(11, user)
        },
        refresh_token: None,
        credential: None,
        identity: None,
        ends_others: false,
        continues: None,
        replaces: replaces.iter().map(|number| id(*number)).collect(),
        events: vec![],
    };
    // If no session starts, none ends.
    assert_eq!(begin(storage, new(3, &[10])), None);
    assert_eq!(find(storage, 10).session.revoked_at, None);
    let started = begin(storage, new(1, &[10, 20, 13, 99])).unwrap();
    assert_eq!(started.ended, [id(10), id(20), id(21)]);
    assert_eq!(started.active.user.last_login_at, Some(at(5)));
    for number in [10, 20, 21] {
        let ended = find(storage, number).session;
        assert_eq!(ended.revoked_at, Some(at(5)));
        assert_eq!(ended.revocation_reason.as_deref(), Some("replaced"));
    }
    for number in [11, 12, 13] {
        assert_eq!(find(storage, number).session.revoked_at, None);
    }
    assert_eq!(
        rotate(storage, "first", "second", 6),
        RotationOutcome::Revoked
    );
}

/// V7.2.4: a session is continued by exactly one other, of its own user, and only while it is active.
pub(crate) fn a_session_is_continued_once(storage: &impl Storage) {
    let before = signed_in(storage).user.last_login_at;
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, expired(13, 1), "expired");
    let continuing = |number, user, continued| NewSession {
        session: Session {
            created_at: at(5),
            ..session(number, user)
        },
        refresh_token: None,
        credential: None,
        identity: None,
        ends_others: false,
        continues: Some(id(continued)),
        replaces: Vec::new(),
        events: vec![],
    };
    // Another user's session, an ended one, and an unknown one.
    for (user, continued) in [(2, 10), (1, 13), (1, 99)] {
        assert_eq!(begin(storage, continuing(11, user, continued)), None);
    }
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
    let started = begin(storage, continuing(11, 1, 10)).unwrap();
    assert_eq!(started.ended, [id(10)]);
    assert_eq!(started.active.user.last_login_at, before);
    let ended = find(storage, 10).session;
    assert_eq!(ended.revocation_reason.as_deref(), Some("replaced"));
    assert_eq!(begin(storage, continuing(12, 1, 10)), None);
    assert_eq!(find(storage, 11).session.revoked_at, None);
}

/// `ends-others` ends the user's other sessions, but no other user's.
pub(crate) fn a_single_session_ends_the_others(storage: &impl Storage) {
    signed_in(storage);
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    start(storage, expired(12, 1), "expired");
    let new = NewSession {
        session: session(11, 1),
        refresh_token: None,
        credential: None,
        identity: None,
        ends_others: true,
        continues: None,
        replaces: Vec::new(),
        events: vec![],
    };
    let StartSessionOutcome::Started(started) = block_on(storage.start_session(new)).unwrap()
    else {
        panic!("not started")
    };
    assert_eq!(started.active.session.id, id(11));
    assert_eq!(started.ended, [id(10)]);
    assert_eq!(
        find(storage, 10).session.revocation_reason.as_deref(),
        Some("single_session")
    );
    assert_eq!(find(storage, 11).session.revoked_at, None);
    assert_eq!(find(storage, 20).session.revoked_at, None);
    assert_eq!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Revoked
    );
}

/// Revoking again changes nothing: the first time and reason stay.
pub(crate) fn a_revoked_session_stays_revoked(storage: &(impl Storage + Sync)) {
    signed_in(storage);
    let revoked = concurrently(|caller| {
        block_on(storage.revoke_session(id(10), at(5), format!("by {caller}"), vec![])).unwrap()
    });
    let winners: Vec<_> = (0..CALLERS)
        .filter(|caller| !revoked[*caller].is_empty())
        .collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(
        block_on(storage.revoke_session(id(10), at(6), "again".into(), vec![])),
        Ok(vec![])
    );
    let session = find(storage, 10).session;
    assert_eq!(session.revoked_at, Some(at(5)));
    assert_eq!(
        session.revocation_reason,
        Some(format!("by {}", winners[0]))
    );
    assert_eq!(
        block_on(storage.revoke_session(id(99), at(6), "unknown".into(), vec![])),
        Ok(vec![])
    );
    assert_eq!(
        rotate(storage, "first", "second", 7),
        RotationOutcome::Revoked
    );
}

/// A session in which somebody acts as another user is returned with the current state of the session that it depends
/// on, and ends with it. No other session depends on one.
pub(crate) fn a_session_rests_on_the_one_it_was_started_from(storage: &impl Storage) {
    create(storage, with_role(1, "moderator"));
    create(storage, with_role(2, "user"));
    create(storage, with_role(3, "admin"));
    start(storage, session(10, 1), "of the moderator");
    start(storage, session(30, 3), "of an admin");
    let from = |number, parent: u64| Session {
        actor_id: Some(id(1)),
        parent_id: Some(id(parent)),
        ..session(number, 2)
    };
    let acting = start(storage, from(20, 10), "as the user");
    let expected = Acting {
        opaque: false,
        last_seen_at: at(1),
        expires_at: at(1_000_000),
        revoked_at: None,
        disabled_at: None,
        standing: Standing {
            rank: 100,
            roles: names(&["moderator"]),
            permissions: names(&["users:read"]),
        },
    };
    assert_eq!(acting.session.parent_id, Some(id(10)));
    assert_eq!(acting.acting, Some(expected.clone()));
    assert_eq!(
        (acting.rank, acting.roles.as_slice()),
        (0, &names(&["user"])[..])
    );
    let acting = |number| find(storage, number).acting;
    assert_eq!(acting(20), Some(expected.clone()));
    assert_eq!(acting(10), None);
    // Another user's session or an unknown one can't be depended on.
    assert_eq!(start(storage, from(21, 30), "from an admin's").acting, None);
    assert_eq!(start(storage, from(22, 99), "from none").acting, None);

    let user = member(storage, 1).unwrap().account.user;
    let mut changed = change(&user, 100, 5);
    changed.user.disabled_at = Some(at(5));
    changed.removes_roles = names(&["moderator"]);
    assert_eq!(apply(storage, changed), ChangeOutcome::Changed(vec![]));
    block_on(storage.touch_session(id(10), at(6))).unwrap();
    let mut ended =
        block_on(storage.revoke_session(id(10), at(7), "logout".into(), vec![])).unwrap();
    ended.sort();
    assert_eq!(ended, [id(10), id(20)]);
    let now = Acting {
        last_seen_at: at(6),
        revoked_at: Some(at(7)),
        disabled_at: Some(at(5)),
        standing: Standing::default(),
        ..expected
    };
    assert_eq!(acting(20), Some(now));
    let session = find(storage, 20).session;
    assert_eq!(session.revoked_at, Some(at(7)));
    assert_eq!(find(storage, 30).session.revoked_at, None);
}

/// All sessions of a user end, or all but one; other users' sessions stay, and ended ones are unchanged.
pub(crate) fn all_sessions_but_one_are_revoked(storage: &impl Storage) {
    signed_in(storage);
    start(storage, session(11, 1), "b");
    start(storage, session(12, 1), "c");
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    let acting = Session {
        actor_id: Some(id(1)),
        ..session(21, 2)
    };
    start(storage, acting, "as bob");
    start(storage, expired(13, 1), "expired");
    let revoke = |except| {
        let revoked = storage.revoke_sessions(id(1), except, at(5), "logout_all".into(), vec![]);
        let mut revoked = block_on(revoked).unwrap();
        revoked.sort();
        revoked
    };
    assert_eq!(revoke(Some(id(11))), [id(10), id(12), id(21)]);
    assert_eq!(find(storage, 11).session.revoked_at, None);
    assert_eq!(
        find(storage, 12).session.revocation_reason.as_deref(),
        Some("logout_all")
    );
    assert_eq!(revoke(None), [id(11)]);
    assert!(revoke(None).is_empty());
    assert_eq!(find(storage, 20).session.revoked_at, None);
}

/// A session is found by its opaque token; ended ones are found too, but not listed.
pub(crate) fn a_session_is_found_by_its_token_and_listed_while_it_lasts(storage: &impl Storage) {
    let find = |token: &str| block_on(storage.find_session_by_token(token.into())).unwrap();
    let list = |seconds| -> Vec<String> {
        let sessions = block_on(storage.list_sessions(id(1), at(seconds))).unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    };
    signed_in(storage);
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    let opaque = Session {
        token: Some("opaque".to_owned()),
        last_seen_at: at(2),
        expires_at: at(100),
        ..session(11, 1)
    };
    assert_eq!(start(storage, opaque.clone(), "unused").session, opaque);
    assert_eq!(find("opaque"), Some(self::find(storage, 11)));
    assert_eq!(find("first"), None);
    assert_eq!(list(5), [id(11), id(10)]);
    assert_eq!(list(100), [id(10)]);
    assert_eq!(
        block_on(storage.revoke_session(id(11), at(6), "logout".into(), vec![])),
        Ok(vec![id(11)])
    );
    assert_eq!(list(7), [id(10)]);
    assert_eq!(
        find("opaque").unwrap().session.revocation_reason.as_deref(),
        Some("logout")
    );
}

/// A call with an older time or for an unknown session changes nothing.
pub(crate) fn last_seen_only_moves_forward(storage: &impl Storage) {
    signed_in(storage);
    let touch = |number, seconds| block_on(storage.touch_session(id(number), at(seconds))).unwrap();
    for (seconds, seen) in [(50, 50), (20, 50), (60, 60)] {
        touch(10, seconds);
        assert_eq!(find(storage, 10).session.last_seen_at, at(seen));
    }
    touch(99, 70);
}
