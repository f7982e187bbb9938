//! Sessions and refresh tokens.

use super::*;

/// One query brings the session, its user, and roles and permissions, sorted and each once.
pub fn a_session_comes_with_its_user_roles_and_permissions(storage: &impl Storage) {
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

/// A user who is unknown or disabled gets no session, and nothing is stored.
pub fn an_inactive_user_gets_no_session(storage: &impl Storage) {
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
            ends_others: false,
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

/// A login whose credential is gone by the time that its session would start gets none.
pub fn a_session_rests_on_its_credential(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let start = |number, credential| {
        let new = NewSession {
            session: session(number, 1),
            refresh_token: None,
            credential: Some(id(credential)),
            ends_others: true,
        };
        block_on(storage.start_session(new)).unwrap()
    };
    assert!(matches!(start(10, 1001), StartSessionOutcome::Started(_)));
    // Of another user, and gone.
    assert_eq!(start(11, 1002), StartSessionOutcome::UserInactive);
    assert!(block_on(storage.delete_credential(id(1001))).unwrap());
    assert_eq!(start(11, 1001), StartSessionOutcome::UserInactive);
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
    assert_eq!(find(storage, 10).session.revoked_at, None);
}

/// `ends-others` ends the user's other sessions, and nobody else's.
pub fn a_single_session_ends_the_others(storage: &impl Storage) {
    signed_in(storage);
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    start(storage, expired(12, 1), "expired");
    let new = NewSession {
        session: session(11, 1),
        refresh_token: None,
        credential: None,
        ends_others: true,
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

/// The first rotation wins; another within the grace window gets the winner's successor.
pub fn a_refresh_token_is_rotated_once_and_replayed_within_the_grace_window(
    storage: &impl Storage,
) {
    let active = signed_in(storage);
    assert_eq!(
        block_on(storage.find_refresh_token_session("first".into())),
        Ok(Some(id(10)))
    );
    let RotationOutcome::Rotated(rotated) = rotate(storage, "first", "second", 5) else {
        panic!("not rotated")
    };
    assert_eq!(
        rotated.session,
        Session {
            last_seen_at: at(5),
            ..active.session
        }
    );
    assert_eq!((rotated.user, rotated.roles), (active.user, active.roles));
    for seconds in [5, 14] {
        let RotationOutcome::Replayed(replayed) = rotate(storage, "first", "discarded", seconds)
        else {
            panic!("not replayed")
        };
        assert_eq!(replayed.sealed, "sealed second");
        assert!(!replayed.superseded);
        assert_eq!(replayed.active.session.id, id(10));
    }
    assert_eq!(
        rotate(storage, "discarded", "x", 14),
        RotationOutcome::Unknown
    );
    assert!(matches!(
        rotate(storage, "second", "third", 14),
        RotationOutcome::Rotated(_)
    ));
}

/// A replay says whether the successor has been rotated since.
pub fn a_late_copy_is_told_when_its_successor_is_used_up(storage: &impl Storage) {
    signed_in(storage);
    assert!(matches!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Rotated(_)
    ));
    assert!(matches!(
        rotate(storage, "second", "third", 6),
        RotationOutcome::Rotated(_)
    ));
    let RotationOutcome::Replayed(replayed) = rotate(storage, "first", "x", 7) else {
        panic!("not replayed")
    };
    assert!(replayed.superseded);
    assert_eq!(replayed.sealed, "sealed second");
}

/// After the grace window a consumed token ends its session, and with it every token of the family.
pub fn a_reused_refresh_token_ends_the_family(storage: &impl Storage) {
    signed_in(storage);
    start(storage, session(11, 1), "of another session");
    assert!(matches!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Rotated(_)
    ));
    let RotationOutcome::Reused(reused) = rotate(storage, "first", "x", 15) else {
        panic!("not reused")
    };
    assert_eq!(reused.session.id, id(10));
    let ended = find(storage, 10).session;
    assert_eq!(ended.revoked_at, Some(at(15)));
    assert_eq!(
        ended.revocation_reason.as_deref(),
        Some("refresh_token_reuse")
    );
    assert_eq!(
        rotate(storage, "second", "third", 16),
        RotationOutcome::Revoked
    );
    assert_eq!(
        rotate(storage, "first", "third", 16),
        RotationOutcome::Revoked
    );
    assert!(matches!(
        rotate(storage, "of another session", "y", 16),
        RotationOutcome::Rotated(_)
    ));
}

/// Without a grace window a request that was overtaken is a reuse, too.
pub fn without_a_grace_window_nothing_is_replayed(storage: &impl Storage) {
    signed_in(storage);
    assert!(matches!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Rotated(_)
    ));
    let overtaken = rotate_within(storage, Duration::ZERO, "first", "x", 4);
    assert!(
        matches!(overtaken, RotationOutcome::Reused(_)),
        "{overtaken:?}"
    );
    assert!(find(storage, 10).session.revoked_at.is_some());
}

/// A token is refused past its own time and past its session's, to which its successor's is cut.
pub fn a_refresh_token_ends_with_its_time_and_its_session(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    start(storage, session(10, 1), "own time");
    assert_eq!(
        rotate(storage, "own time", "x", 10_000),
        RotationOutcome::Expired
    );
    let short = Session {
        expires_at: at(50),
        ..session(11, 1)
    };
    start(storage, short, "first");
    assert!(matches!(
        rotate(storage, "first", "second", 49),
        RotationOutcome::Rotated(_)
    ));
    assert_eq!(
        rotate(storage, "second", "third", 50),
        RotationOutcome::Expired
    );
    assert_eq!(
        rotate(storage, "first", "third", 70),
        RotationOutcome::Expired
    );
    assert_eq!(find(storage, 11).session.revoked_at, None);
    assert_eq!(rotate(storage, "unknown", "x", 5), RotationOutcome::Unknown);
}

/// Of concurrent rotations of one token exactly one is `rotated`; the others get its successor.
pub fn one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor(
    storage: &(impl Storage + Sync),
) {
    signed_in(storage);
    let outcomes =
        concurrently(|caller| rotate(storage, "first", &format!("successor {caller}"), 5));
    let winners: Vec<_> = (0..CALLERS)
        .filter(|caller| matches!(outcomes[*caller], RotationOutcome::Rotated(_)))
        .collect();
    assert_eq!(winners.len(), 1);
    let successor = format!("successor {}", winners[0]);
    for outcome in outcomes {
        match outcome {
            RotationOutcome::Rotated(_) => {}
            RotationOutcome::Replayed(replayed) => {
                assert_eq!(replayed.sealed, format!("sealed {successor}"))
            }
            outcome => panic!("{outcome:?}"),
        }
    }
    assert!(matches!(
        rotate(storage, &successor, "next", 6),
        RotationOutcome::Rotated(_)
    ));
}

/// V10.4.5: nothing is stored of a used token any more, and it still ends the session that it names, if that goes on.
pub fn a_used_token_is_recognised_by_the_session_that_it_names(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    for number in 10..14 {
        start_with(storage, session(number, 1), &format!("{number}/0"), true);
        for round in 0..4 {
            let [presented, successor] = [round, round + 1].map(|at| format!("{number}/{at}"));
            let rotated = rotate_named(storage, number, &presented, &successor, 100 * round);
            assert!(
                matches!(rotated, RotationOutcome::Rotated(_)),
                "{rotated:?}"
            );
        }
    }
    let of_first = |token: &str| block_on(storage.find_refresh_token_session(token.into()));
    assert_eq!(of_first("10/0"), Ok(None));
    assert_eq!(of_first("10/4"), Ok(Some(id(10))));

    let RotationOutcome::Reused(reused) = rotate_named(storage, 10, "10/0", "x", 305) else {
        panic!("not reused")
    };
    assert_eq!(reused.session.id, id(10));
    let ended = find(storage, 10).session;
    assert_eq!(ended.revoked_at, Some(at(305)));
    let reason = ended.revocation_reason.as_deref();
    assert_eq!(reason, Some("refresh_token_reuse"));
    for token in ["10/0", "10/4"] {
        let revoked = rotate_named(storage, 10, token, "x", 306);
        assert_eq!(revoked, RotationOutcome::Revoked, "{token}");
    }

    // One whose row is there still, within its grace and after it.
    let replayed = rotate_named(storage, 11, "11/3", "x", 309);
    assert!(
        matches!(replayed, RotationOutcome::Replayed(_)),
        "{replayed:?}"
    );
    let reused = rotate_named(storage, 11, "11/3", "x", 310);
    assert!(matches!(reused, RotationOutcome::Reused(_)), "{reused:?}");

    // No token of the session works any more: that is no sign of a second hand.
    let expired = rotate_named(storage, 12, "12/0", "x", 10_300);
    assert_eq!(expired, RotationOutcome::Expired);
    let ended = rotate_named(storage, 12, "12/0", "x", 1_000_000);
    assert_eq!(ended, RotationOutcome::Expired);
    assert_eq!(find(storage, 12).session.revoked_at, None);
    let unknown = rotate_named(storage, 99, "12/0", "x", 305);
    assert_eq!(unknown, RotationOutcome::Unknown);
    let goes_on = rotate_named(storage, 13, "13/4", "x", 305);
    assert!(
        matches!(goes_on, RotationOutcome::Rotated(_)),
        "{goes_on:?}"
    );
}

/// The one that is good, and those that were used within the grace window.
pub fn a_family_takes_the_same_room_however_often_it_is_refreshed(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    start_with(storage, session(10, 1), "0", true);
    // Six in each grace window.
    for round in 0..60 {
        let [presented, successor] = [round, round + 1].map(|at| at.to_string());
        let rotated = rotate_named(storage, 10, &presented, &successor, 2 * round);
        assert!(
            matches!(rotated, RotationOutcome::Rotated(_)),
            "{rotated:?}"
        );
    }
    // Who comes late within the window is led on.
    let RotationOutcome::Replayed(late) = rotate_named(storage, 10, "56", "x", 118) else {
        panic!("not replayed")
    };
    assert!(late.superseded);
    let stored = (0..=60).filter(|round: &u64| {
        let found = storage.find_refresh_token_session(round.to_string());
        block_on(found).unwrap().is_some()
    });
    let stored: Vec<_> = stored.collect();
    assert_eq!(stored, [55, 56, 57, 58, 59, 60]);
}

/// Tokens of before named none: their rows stay as long as the family may come back.
pub fn a_used_token_that_names_no_session_is_recognised_by_its_row(storage: &impl Storage) {
    signed_in(storage);
    let rotated = rotate(storage, "first", "second", 5);
    assert!(matches!(rotated, RotationOutcome::Rotated(_)));
    let rotated = rotate_of(
        storage,
        None,
        Duration::from_secs(10),
        "second",
        "third",
        100,
    );
    assert!(matches!(rotated, RotationOutcome::Rotated(_)));
    let rotated = rotate_named(storage, 10, "third", "fourth", 200);
    assert!(matches!(rotated, RotationOutcome::Rotated(_)));
    let reused = rotate(storage, "first", "x", 300);
    assert!(matches!(reused, RotationOutcome::Reused(_)), "{reused:?}");
    assert!(find(storage, 10).session.revoked_at.is_some());
}

/// Revoking again changes nothing: the first time and reason stay.
pub fn a_revoked_session_stays_revoked(storage: &(impl Storage + Sync)) {
    signed_in(storage);
    let revoked = concurrently(|caller| {
        block_on(storage.revoke_session(id(10), at(5), format!("by {caller}"))).unwrap()
    });
    let winners: Vec<_> = (0..CALLERS)
        .filter(|caller| !revoked[*caller].is_empty())
        .collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(
        block_on(storage.revoke_session(id(10), at(6), "again".into())),
        Ok(vec![])
    );
    let session = find(storage, 10).session;
    assert_eq!(session.revoked_at, Some(at(5)));
    assert_eq!(
        session.revocation_reason,
        Some(format!("by {}", winners[0]))
    );
    assert_eq!(
        block_on(storage.revoke_session(id(99), at(6), "unknown".into())),
        Ok(vec![])
    );
    assert_eq!(
        rotate(storage, "first", "second", 7),
        RotationOutcome::Revoked
    );
}

/// A session in which somebody acts as another comes with what that rests on, as it is now, and ends with the session that
/// it rests on; nobody else's session rests on anything.
pub fn a_session_rests_on_the_one_it_was_started_from(storage: &impl Storage) {
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
    // Another's session is no ground, nor is one that is not there.
    assert_eq!(start(storage, from(21, 30), "from an admin's").acting, None);
    assert_eq!(start(storage, from(22, 99), "from none").acting, None);

    let user = member(storage, 1).unwrap().account.user;
    let mut changed = change(&user, 100, 5);
    changed.user.disabled_at = Some(at(5));
    changed.removes_roles = names(&["moderator"]);
    assert_eq!(apply(storage, changed), ChangeOutcome::Changed(vec![]));
    block_on(storage.touch_session(id(10), at(6))).unwrap();
    let mut ended = block_on(storage.revoke_session(id(10), at(7), "logout".into())).unwrap();
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

/// All of a user's sessions end, or all but one; other users' stay, and those that have ended are left alone.
pub fn all_sessions_but_one_are_revoked(storage: &impl Storage) {
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
        let revoked = storage.revoke_sessions(id(1), except, at(5), "logout_all".into());
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

/// A session that an opaque token stands for; ended ones are found too, and are not listed.
pub fn a_session_is_found_by_its_token_and_listed_while_it_lasts(storage: &impl Storage) {
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
        block_on(storage.revoke_session(id(11), at(6), "logout".into())),
        Ok(vec![id(11)])
    );
    assert_eq!(list(7), [id(10)]);
    assert_eq!(
        find("opaque").unwrap().session.revocation_reason.as_deref(),
        Some("logout")
    );
}

/// What is late or unknown changes nothing.
pub fn last_seen_only_moves_forward(storage: &impl Storage) {
    signed_in(storage);
    let touch = |number, seconds| block_on(storage.touch_session(id(number), at(seconds))).unwrap();
    for (seconds, seen) in [(50, 50), (20, 50), (60, 60)] {
        touch(10, seconds);
        assert_eq!(find(storage, 10).session.last_seen_at, at(seen));
    }
    touch(99, 70);
}
