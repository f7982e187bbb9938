//! The storage contract kit: what `wit/storage.wit` promises, checked on any storage.
//!
//! [`contract_tests!`](crate::contract_tests) makes a test of each check. Concurrent callers are threads.

use std::time::Duration;

use auth_core::Timestamp;
use auth_core::storage::{
    Account, ActiveSession, ChangeOutcome, CreateUserOutcome, Credential, Limit, LoginName,
    NewSession, NewUser, OneTimeSecret, RefreshToken, Rotation, RotationOutcome, Session,
    SessionEnding, SigningKey, StartSessionOutcome, Storage, User, UserChange, VoidedSecrets,
};
use futures::executor::block_on;

/// Makes one test of each check of the kit; the argument is an expression that makes empty storage.
#[macro_export]
macro_rules! contract_tests {
    ($storage:expr) => {
        $crate::contract_tests! { $storage;
            a_user_is_found_by_every_key
            a_taken_key_stores_nothing
            one_of_many_concurrent_users_gets_the_key
            a_secret_is_replaced_only_if_it_is_the_expected_one
            one_of_many_concurrent_replacements_wins
            a_session_comes_with_its_user_roles_and_permissions
            an_inactive_user_gets_no_session
            a_session_rests_on_its_credential
            a_single_session_ends_the_others
            a_refresh_token_is_rotated_once_and_replayed_within_the_grace_window
            a_late_copy_is_told_when_its_successor_is_used_up
            a_reused_refresh_token_ends_the_family
            without_a_grace_window_nothing_is_replayed
            a_refresh_token_ends_with_its_time_and_its_session
            one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor
            a_revoked_session_stays_revoked
            all_sessions_but_one_are_revoked
            a_session_is_found_by_its_token_and_listed_while_it_lasts
            last_seen_only_moves_forward
            a_one_time_secret_is_used_once
            one_of_many_concurrent_uses_of_a_secret_wins
            a_change_of_a_user_is_all_or_nothing
            a_change_uses_up_its_secret
            a_change_voids_later_secrets
            one_of_many_concurrent_changes_wins
            a_change_to_a_taken_key_stores_nothing
            a_counter_only_moves_forward
            one_of_many_concurrent_counters_is_accepted
            one_of_many_concurrent_uses_of_a_credential_wins
            a_deleted_user_leaves_nothing
            one_key_signs
            one_of_many_concurrent_keys_wins
            counting_loses_nothing
            an_exceeded_limit_spares_those_after_it
            purging_takes_what_has_ended
        }
    };
    ($storage:expr; $($check:ident)*) => {$(
        #[test]
        fn $check() {
            $crate::contract::$check(&$storage);
        }
    )*};
}

/// 2100-01-01: a storage that clears out by its own clock finds nothing here that has ended.
const START: u64 = 4_102_444_800_000;
const CALLERS: usize = 20;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000)
}

/// A UUID that ends in this number.
fn id(number: u64) -> String {
    format!("018bcfe5-6800-7000-8000-{number:012x}")
}

fn new_user(number: u64, email_key: Option<&str>, username_key: Option<&str>) -> NewUser {
    NewUser {
        user: User {
            id: id(number),
            email: email_key.map(str::to_uppercase),
            email_verified_at: None,
            username: username_key.map(str::to_uppercase),
            display_name: Some("Zoë \u{1f98a}".to_owned()),
            profile: r#"{"team": "a,b"}"#.to_owned(),
            disabled_at: None,
            created_at: at(0),
            updated_at: at(0),
            last_login_at: None,
        },
        email_key: email_key.map(str::to_owned),
        username_key: username_key.map(str::to_owned),
        credentials: vec![Credential {
            id: id(number + 1000),
            user_id: id(number),
            kind: "password".to_owned(),
            secret: "$argon2id$first".to_owned(),
            counter: None,
            label: None,
            created_at: at(0),
            updated_at: at(0),
            last_used_at: None,
        }],
        roles: vec!["user".to_owned()],
    }
}

fn session(number: u64, user: u64) -> Session {
    Session {
        id: id(number),
        user_id: id(user),
        client_id: None,
        actor_id: None,
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        authenticated_at: at(1),
        created_at: at(1),
        last_seen_at: at(1),
        expires_at: at(1_000_000),
        ip: Some("192.0.2.1".to_owned()),
        token: None,
        user_agent: Some("test, with a comma".to_owned()),
        revoked_at: None,
        revocation_reason: None,
    }
}

/// One that ended by itself before second 5.
fn expired(number: u64, user: u64) -> Session {
    Session {
        expires_at: at(1),
        ..session(number, user)
    }
}

fn create(storage: &impl Storage, user: NewUser) {
    assert_eq!(
        block_on(storage.create_user(user)),
        Ok(CreateUserOutcome::Created)
    );
}

fn start(storage: &impl Storage, session: Session, token: &str) -> ActiveSession {
    let refresh_token = Some(RefreshToken {
        digest: token.to_owned(),
        expires_at: at(10_000),
    });
    match block_on(storage.start_session(NewSession {
        session,
        refresh_token,
        credential: None,
        ends_others: false,
    }))
    .unwrap()
    {
        StartSessionOutcome::Started(started) => {
            assert!(started.ended.is_empty());
            started.active
        }
        outcome => panic!("{outcome:?}"),
    }
}

/// A user 1 with a session 10 and its first refresh token.
fn signed_in(storage: &impl Storage) -> ActiveSession {
    create(storage, new_user(1, Some("ada@example.com"), None));
    start(storage, session(10, 1), "first")
}

fn rotate(
    storage: &impl Storage,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    rotate_within(
        storage,
        Duration::from_secs(10),
        presented,
        successor,
        seconds,
    )
}

fn rotate_within(
    storage: &impl Storage,
    grace: Duration,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    block_on(storage.rotate_refresh_token(Rotation {
        presented: presented.to_owned(),
        successor: RefreshToken {
            digest: successor.to_owned(),
            expires_at: at(seconds + 10_000),
        },
        sealed: format!("sealed {successor}"),
        now: at(seconds),
        grace,
    }))
    .unwrap()
}

fn find(storage: &impl Storage, number: u64) -> ActiveSession {
    block_on(storage.find_session(id(number))).unwrap().unwrap()
}

/// Calls from many threads that start together, and collects what they return.
fn concurrently<T: Send>(call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (call, barrier) = (&call, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    call(caller)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// What was stored comes back unchanged, by either key.
pub fn a_user_is_found_by_every_key(storage: &impl Storage) {
    let stored = new_user(1, Some("ada@example.com"), Some("ada"));
    create(storage, stored.clone());
    for name in [
        LoginName::Email("ada@example.com".into()),
        LoginName::Username("ada".into()),
        LoginName::Id(id(1)),
    ] {
        let account = block_on(storage.find_account(name)).unwrap().unwrap();
        assert_eq!(account.user, stored.user);
        assert!(account.credentials == stored.credentials);
    }
    for name in [
        LoginName::Email("ada".into()),
        LoginName::Username("ada@example.com".into()),
        LoginName::Id(id(2)),
    ] {
        assert!(block_on(storage.find_account(name)).unwrap().is_none());
    }
    let mut bare = new_user(2, Some("bob@example.com"), None);
    bare.credentials.clear();
    create(storage, bare);
    let account = block_on(storage.find_account(LoginName::Email("bob@example.com".into())))
        .unwrap()
        .unwrap();
    assert!(account.credentials.is_empty());
}

/// A conflict says which key, and leaves no user, credential or role behind.
pub fn a_taken_key_stores_nothing(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    // No key at all conflicts with nothing.
    create(storage, new_user(2, None, None));
    create(storage, new_user(3, None, None));
    let refused = |user| block_on(storage.create_user(user)).unwrap();
    assert_eq!(
        refused(new_user(4, Some("ada@example.com"), Some("other"))),
        CreateUserOutcome::EmailTaken
    );
    assert_eq!(
        refused(new_user(4, Some("other@example.com"), Some("ada"))),
        CreateUserOutcome::UsernameTaken
    );
    assert_eq!(
        refused(new_user(4, Some("ada@example.com"), Some("ada"))),
        CreateUserOutcome::EmailTaken
    );
    create(
        storage,
        new_user(4, Some("other@example.com"), Some("other")),
    );
    assert_eq!(start(storage, session(10, 4), "first").roles, ["user"]);
}

/// Of concurrent calls with one key exactly one is `created`.
pub fn one_of_many_concurrent_users_gets_the_key(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        block_on(storage.create_user(new_user(caller as u64 + 1, Some("ada@example.com"), None)))
            .unwrap()
    });
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == CreateUserOutcome::Created)
            .count(),
        1
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == CreateUserOutcome::EmailTaken)
            .count(),
        CALLERS - 1
    );
}

/// A replacement that expects another secret changes nothing.
pub fn a_secret_is_replaced_only_if_it_is_the_expected_one(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let replace = |expected: &str, replacement: &str| {
        block_on(storage.replace_credential_secret(
            id(1001),
            expected.into(),
            replacement.into(),
            at(5),
        ))
        .unwrap()
    };
    assert!(!replace("another", "second"));
    assert!(replace("$argon2id$first", "second"));
    assert!(!replace("$argon2id$first", "third"));
    let account = block_on(storage.find_account(LoginName::Email("ada@example.com".into())))
        .unwrap()
        .unwrap();
    assert_eq!(account.credentials[0].secret, "second");
    assert_eq!(account.credentials[0].updated_at, at(5));
    assert!(
        !block_on(storage.replace_credential_secret(id(9), "second".into(), "x".into(), at(5)))
            .unwrap()
    );
}

/// Of concurrent replacements of one secret exactly one happens.
pub fn one_of_many_concurrent_replacements_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let replaced = concurrently(|caller| {
        let replacement = format!("by {caller}");
        block_on(storage.replace_credential_secret(
            id(1001),
            "$argon2id$first".into(),
            replacement,
            at(5),
        ))
        .unwrap()
    });
    let winners: Vec<_> = (0..CALLERS).filter(|caller| replaced[*caller]).collect();
    assert_eq!(winners.len(), 1);
    let account = block_on(storage.find_account(LoginName::Email("ada@example.com".into())))
        .unwrap()
        .unwrap();
    assert_eq!(account.credentials[0].secret, format!("by {}", winners[0]));
}

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

/// Revoking again changes nothing: the first time and reason stay.
pub fn a_revoked_session_stays_revoked(storage: &(impl Storage + Sync)) {
    signed_in(storage);
    let revoked = concurrently(|caller| {
        block_on(storage.revoke_session(id(10), at(5), format!("by {caller}"))).unwrap()
    });
    let winners: Vec<_> = (0..CALLERS).filter(|caller| revoked[*caller]).collect();
    assert_eq!(winners.len(), 1);
    assert!(!block_on(storage.revoke_session(id(10), at(6), "again".into())).unwrap());
    let session = find(storage, 10).session;
    assert_eq!(session.revoked_at, Some(at(5)));
    assert_eq!(
        session.revocation_reason,
        Some(format!("by {}", winners[0]))
    );
    assert!(!block_on(storage.revoke_session(id(99), at(6), "unknown".into())).unwrap());
    assert_eq!(
        rotate(storage, "first", "second", 7),
        RotationOutcome::Revoked
    );
}

/// All of a user's sessions end, or all but one; other users' stay, and those that have ended are left alone.
pub fn all_sessions_but_one_are_revoked(storage: &impl Storage) {
    signed_in(storage);
    start(storage, session(11, 1), "b");
    start(storage, session(12, 1), "c");
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    start(storage, expired(13, 1), "expired");
    let revoke = |except| {
        let revoked = storage.revoke_sessions(id(1), except, at(5), "logout_all".into());
        let mut revoked = block_on(revoked).unwrap();
        revoked.sort();
        revoked
    };
    assert_eq!(revoke(Some(id(11))), [id(10), id(12)]);
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
    assert!(block_on(storage.revoke_session(id(11), at(6), "logout".into())).unwrap());
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

fn one_time_secret(digest: &str, user: u64) -> OneTimeSecret {
    OneTimeSecret {
        digest: digest.to_owned(),
        purpose: "verify".to_owned(),
        user_id: Some(id(user)),
        payload: r#"{"email": "zoë"}"#.to_owned(),
        created_at: at(1),
        expires_at: at(100),
        consumed_at: None,
    }
}

fn store_secret(storage: &impl Storage, secret: OneTimeSecret, replaces: bool) {
    assert_eq!(
        block_on(storage.store_one_time_secret(secret, replaces)),
        Ok(())
    );
}

fn consume(storage: &impl Storage, digest: &str, seconds: u64) -> bool {
    block_on(storage.consume_one_time_secret(digest.into(), at(seconds))).unwrap()
}

/// Used, expired and unknown ones are not; a new one can take the place of those that were not used.
pub fn a_one_time_secret_is_used_once(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let find = |digest: &str| block_on(storage.find_one_time_secret(digest.into())).unwrap();
    store_secret(storage, one_time_secret("a", 1), false);
    assert_eq!(find("a"), Some(one_time_secret("a", 1)));
    assert_eq!(find("x"), None);
    assert!(!consume(storage, "x", 5));
    assert!(consume(storage, "a", 5));
    assert!(!consume(storage, "a", 6));
    assert_eq!(find("a").unwrap().consumed_at, Some(at(5)));

    let nobodys = OneTimeSecret {
        user_id: None,
        ..one_time_secret("n", 1)
    };
    store_secret(storage, nobodys, false);
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
}

/// Of concurrent uses of one secret exactly one is the first.
pub fn one_of_many_concurrent_uses_of_a_secret_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    store_secret(storage, one_time_secret("a", 1), false);
    let used = concurrently(|_| consume(storage, "a", 5));
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
}

fn account(storage: &impl Storage, number: u64) -> Account {
    block_on(storage.find_account(LoginName::Id(id(number))))
        .unwrap()
        .unwrap()
}

/// A change of the display name, as of these seconds.
fn change(user: &User, number: u64, seconds: u64) -> UserChange {
    UserChange {
        id: id(number),
        user: User {
            display_name: Some(format!("by {number}")),
            updated_at: at(seconds),
            ..user.clone()
        },
        email_key: user.email.as_ref().map(|email| email.to_lowercase()),
        username_key: user.username.as_ref().map(|name| name.to_lowercase()),
        expected_updated_at: user.updated_at,
        consumes: None,
        voids: None,
        deletes_credentials: vec![],
        credentials: vec![],
        adds_roles: vec![],
        removes_roles: vec![],
        ends_sessions: None,
    }
}

fn apply(storage: &impl Storage, change: UserChange) -> ChangeOutcome {
    block_on(storage.change_user(change)).unwrap()
}

/// Fields, keys, credentials, roles and sessions change together, or, for who saw an older user, not at all.
pub fn a_change_of_a_user_is_all_or_nothing(storage: &impl Storage) {
    signed_in(storage);
    start(storage, session(11, 1), "of another device");
    start(storage, expired(12, 1), "expired");
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    let before = account(storage, 1);
    let credential = |number, kind: &str, secret: &str| Credential {
        id: id(number),
        kind: kind.to_owned(),
        secret: secret.to_owned(),
        counter: Some(7),
        ..before.credentials[0].clone()
    };
    let changed = UserChange {
        user: User {
            email: Some("Ada@New.example".to_owned()),
            email_verified_at: Some(at(5)),
            username: Some("Countess".to_owned()),
            display_name: None,
            profile: r#"{"team": 1}"#.to_owned(),
            disabled_at: None,
            updated_at: at(5),
            // These two stay as they are.
            created_at: at(4),
            last_login_at: None,
            ..before.user.clone()
        },
        email_key: Some("ada@new.example".to_owned()),
        username_key: Some("countess".to_owned()),
        deletes_credentials: vec!["password".to_owned(), "none of these".to_owned()],
        credentials: vec![
            credential(2001, "password", "second"),
            credential(2002, "totp", "sealed"),
        ],
        adds_roles: ["verified", "user", "no such role"]
            .map(str::to_owned)
            .to_vec(),
        ends_sessions: Some(SessionEnding {
            except: Some(id(10)),
            reason: "password_changed".to_owned(),
        }),
        ..change(&before.user, 100, 5)
    };
    assert_eq!(
        apply(storage, changed.clone()),
        ChangeOutcome::Changed(vec![id(11)])
    );
    let after = account(storage, 1);
    let expected = User {
        created_at: before.user.created_at,
        last_login_at: before.user.last_login_at,
        ..changed.user.clone()
    };
    assert_eq!(after.user, expected);
    assert!(after.credentials == changed.credentials);
    let active = find(storage, 10);
    assert_eq!((active.session.revoked_at, active.user), (None, expected));
    assert_eq!(active.roles, ["user", "verified"]);
    let ended = find(storage, 11).session;
    assert_eq!(ended.revoked_at, Some(at(5)));
    assert_eq!(ended.revocation_reason.as_deref(), Some("password_changed"));
    assert_eq!(find(storage, 12).session.revoked_at, None);
    assert_eq!(find(storage, 20).session.revoked_at, None);
    let by_key = LoginName::Email("ada@new.example".into());
    assert!(block_on(storage.find_account(by_key)).unwrap().is_some());
    let old_key = LoginName::Email("ada@example.com".into());
    assert!(block_on(storage.find_account(old_key)).unwrap().is_none());

    // Who still has the old user in mind.
    let late = UserChange {
        id: id(101),
        removes_roles: vec!["user".to_owned()],
        ends_sessions: Some(SessionEnding {
            except: None,
            reason: "late".to_owned(),
        }),
        ..changed
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    assert_eq!(account(storage, 1).user, after.user);
    assert_eq!(find(storage, 10).session.revoked_at, None);
    let removes = UserChange {
        removes_roles: vec!["verified".to_owned()],
        ..change(&after.user, 102, 6)
    };
    assert_eq!(apply(storage, removes), ChangeOutcome::Changed(vec![]));
    assert_eq!(find(storage, 10).roles, ["user"]);
    let gone = new_user(9, None, None).user;
    assert_eq!(
        apply(storage, change(&gone, 103, 7)),
        ChangeOutcome::Conflict
    );
}

/// A change that needs a secret happens with it or not at all.
pub fn a_change_uses_up_its_secret(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    for digest in ["mine", "late", "used"] {
        store_secret(storage, one_time_secret(digest, 1), false);
    }
    store_secret(storage, one_time_secret("bobs", 2), false);
    assert!(consume(storage, "used", 5));
    let with = |digest: &str, number, seconds| UserChange {
        consumes: Some(digest.to_owned()),
        ..change(&account(storage, 1).user, number, seconds)
    };
    for (digest, seconds) in [("unknown", 6), ("used", 6), ("bobs", 6), ("late", 100)] {
        assert_eq!(
            apply(storage, with(digest, 100, seconds)),
            ChangeOutcome::SecretRefused,
            "{digest}"
        );
    }
    assert_eq!(account(storage, 1).user.updated_at, at(0));
    assert_eq!(
        apply(storage, with("mine", 101, 6)),
        ChangeOutcome::Changed(vec![])
    );
    assert!(!consume(storage, "mine", 7));
    assert_eq!(
        apply(storage, with("mine", 102, 8)),
        ChangeOutcome::SecretRefused
    );
    assert_eq!(
        account(storage, 1).user.display_name.as_deref(),
        Some("by 101")
    );
}

/// A change voids the unused secrets for one purpose that were made since a time, and not the one that it uses.
pub fn a_change_voids_later_secrets(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let made = |digest: &str, user, seconds| OneTimeSecret {
        created_at: at(seconds),
        ..one_time_secret(digest, user)
    };
    for secret in [
        made("earlier", 1, 4),
        made("mine", 1, 5),
        made("same", 1, 5),
        made("later", 1, 6),
        made("bobs", 2, 6),
        OneTimeSecret {
            purpose: "reset".to_owned(),
            ..made("other", 1, 6)
        },
    ] {
        store_secret(storage, secret, false);
    }
    let voiding = |number, seconds| UserChange {
        consumes: Some("mine".to_owned()),
        voids: Some(VoidedSecrets {
            purpose: "verify".to_owned(),
            since: at(5),
        }),
        ..change(&account(storage, 1).user, number, seconds)
    };
    let conflicting = UserChange {
        expected_updated_at: at(1),
        ..voiding(99, 7)
    };
    assert_eq!(apply(storage, conflicting), ChangeOutcome::Conflict);
    let find = |digest: &str| block_on(storage.find_one_time_secret(digest.into())).unwrap();
    assert!(find("later").is_some());
    assert_eq!(
        apply(storage, voiding(100, 7)),
        ChangeOutcome::Changed(vec![])
    );
    assert_eq!(find("mine").unwrap().consumed_at, Some(at(7)));
    for (digest, stays) in [
        ("earlier", true),
        ("same", false),
        ("later", false),
        ("bobs", true),
        ("other", true),
    ] {
        assert_eq!(find(digest).is_some(), stays, "{digest}");
    }
}

/// Of concurrent changes that saw one user exactly one happens, with all that belongs to it.
pub fn one_of_many_concurrent_changes_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    store_secret(storage, one_time_secret("a", 1), false);
    let user = account(storage, 1).user;
    let outcomes = concurrently(|caller| {
        let number = 100 + caller as u64;
        let mut credential = account(storage, 1).credentials.remove(0);
        credential.id = id(3000 + number);
        credential.secret = format!("by {number}");
        let change = UserChange {
            consumes: Some("a".to_owned()),
            deletes_credentials: vec!["password".to_owned()],
            credentials: vec![credential],
            ..change(&user, number, 5)
        };
        apply(storage, change)
    });
    let winners: Vec<_> = (0..CALLERS)
        .filter(|caller| outcomes[*caller] == ChangeOutcome::Changed(vec![]))
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    let lost = |outcome: &&ChangeOutcome| **outcome == ChangeOutcome::Conflict;
    assert_eq!(outcomes.iter().filter(lost).count(), CALLERS - 1);
    let name = format!("by {}", 100 + winners[0]);
    let account = account(storage, 1);
    assert_eq!(account.user.display_name, Some(name.clone()));
    assert_eq!(account.credentials.len(), 1);
    assert_eq!(account.credentials[0].secret, name);
}

/// A conflict says which key, and changes nothing.
pub fn a_change_to_a_taken_key_stores_nothing(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    create(storage, new_user(2, Some("bob@example.com"), Some("bob")));
    store_secret(storage, one_time_secret("a", 1), false);
    let ada = account(storage, 1).user;
    let to = |email: &str, name: &str| UserChange {
        email_key: Some(email.to_owned()),
        username_key: Some(name.to_owned()),
        consumes: Some("a".to_owned()),
        deletes_credentials: vec!["password".to_owned()],
        ..change(&ada, 100, 5)
    };
    assert_eq!(
        apply(storage, to("bob@example.com", "bob")),
        ChangeOutcome::EmailTaken
    );
    assert_eq!(
        apply(storage, to("ada@example.com", "bob")),
        ChangeOutcome::UsernameTaken
    );
    let unchanged = account(storage, 1);
    assert_eq!(unchanged.user, ada);
    assert_eq!(unchanged.credentials.len(), 1);
    assert!(consume(storage, "a", 6));
}

/// A counter that is not greater than the last one is refused.
pub fn a_counter_only_moves_forward(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let accept = |number, counter| {
        block_on(storage.accept_counter(id(number), counter, at(counter))).unwrap()
    };
    assert!(accept(1001, 5));
    assert!(!accept(1001, 5));
    assert!(!accept(1001, 4));
    assert!(accept(1001, 7));
    assert!(!accept(1002, 8));
    let credential = account(storage, 1).credentials.remove(0);
    assert_eq!(
        (credential.counter, credential.last_used_at),
        (Some(7), Some(at(7)))
    );
}

/// Of concurrent calls with one counter exactly one is accepted.
pub fn one_of_many_concurrent_counters_is_accepted(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let accepted = concurrently(|_| block_on(storage.accept_counter(id(1001), 5, at(5))).unwrap());
    assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1);
}

/// Of concurrent deletions of one credential exactly one finds it.
pub fn one_of_many_concurrent_uses_of_a_credential_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let deleted = concurrently(|_| block_on(storage.delete_credential(id(1001))).unwrap());
    assert_eq!(deleted.iter().filter(|deleted| **deleted).count(), 1);
    assert!(account(storage, 1).credentials.is_empty());
}

/// Sessions, tokens, secrets and keys of a deleted user are gone, and another can have the address.
pub fn a_deleted_user_leaves_nothing(storage: &impl Storage) {
    signed_in(storage);
    store_secret(storage, one_time_secret("a", 1), false);
    assert!(block_on(storage.delete_user(id(1))).unwrap());
    assert!(!block_on(storage.delete_user(id(1))).unwrap());
    let by_id = block_on(storage.find_account(LoginName::Id(id(1))));
    assert!(by_id.unwrap().is_none());
    assert_eq!(block_on(storage.find_session(id(10))), Ok(None));
    assert_eq!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Unknown
    );
    assert_eq!(block_on(storage.find_one_time_secret("a".into())), Ok(None));
    create(storage, new_user(2, Some("ada@example.com"), None));
}

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
    assert!(block_on(storage.revoke_session(id(12), at(200), "logout".into())).unwrap());
    block_on(storage.count(limits(1000).split_off(1), at(0))).unwrap();
    assert_eq!(block_on(storage.purge(at(59), at(60))).unwrap(), 0);
    // The counter, the one-time secret, the short session and its token.
    assert_eq!(block_on(storage.purge(at(60), at(150))).unwrap(), 4);
    assert_eq!(block_on(storage.purge(at(300), at(300))).unwrap(), 1);
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
