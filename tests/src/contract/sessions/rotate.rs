//! Rotation of refresh tokens.

use std::time::Duration;

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// The first rotation wins; another within the grace window gets the winner's successor.
pub(crate) fn a_refresh_token_is_rotated_once_and_replayed_within_the_grace_window(
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
        assert_eq!(replayed.ciphertext, "sealed second");
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

/// A replay reports whether the successor has been rotated since.
pub(crate) fn a_late_copy_is_told_when_its_successor_is_used_up(storage: &impl Storage) {
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
    assert_eq!(replayed.ciphertext, "sealed second");
}

/// After the grace window a used token ends its session, and with it every token of the family.
pub(crate) fn a_reused_refresh_token_ends_the_family(storage: &impl Storage) {
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

/// Without a grace window a concurrent request that loses is a reuse, too.
pub(crate) fn without_a_grace_window_nothing_is_replayed(storage: &impl Storage) {
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

/// A token is refused after its own expiry and after its session's, which limits that of its successor.
pub(crate) fn a_refresh_token_ends_with_its_time_and_its_session(storage: &impl Storage) {
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
pub(crate) fn one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor(
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
                assert_eq!(replayed.ciphertext, format!("sealed {successor}"))
            }
            outcome => panic!("{outcome:?}"),
        }
    }
    assert!(matches!(
        rotate(storage, &successor, "next", 6),
        RotationOutcome::Rotated(_)
    ));
}

/// V10.4.5: after the row of a used token is deleted, the token still ends the session that it names, if that is
/// active.
pub(crate) fn a_used_token_is_recognised_by_the_session_that_it_names(storage: &impl Storage) {
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

    // A token whose row still exists, within its grace window and after it.
    let replayed = rotate_named(storage, 11, "11/3", "x", 309);
    assert!(
        matches!(replayed, RotationOutcome::Replayed(_)),
        "{replayed:?}"
    );
    let reused = rotate_named(storage, 11, "11/3", "x", 310);
    assert!(matches!(reused, RotationOutcome::Reused(_)), "{reused:?}");

    // No token of the session is valid any more: this is no sign of theft.
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

/// Only the current token and those used within the grace window are stored.
pub(crate) fn a_family_takes_the_same_room_however_often_it_is_refreshed(storage: &impl Storage) {
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
    // A late request within the window gets the current successor.
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

/// Tokens of earlier versions name no session: their rows stay while the family can be used.
pub(crate) fn a_used_token_that_names_no_session_is_recognised_by_its_row(storage: &impl Storage) {
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
