//! The storage contract kit: what `wit/storage.wit` promises, checked on any storage.
//!
//! [`contract_tests!`](crate::contract_tests) makes a test of each check. Concurrent callers are threads.

use std::time::Duration;

use auth_core::Timestamp;
use auth_core::storage::{
    ActiveSession, CreateUserOutcome, Credential, Limit, LoginName, NewSession, NewUser,
    RefreshToken, Rotation, RotationOutcome, Session, SigningKey, StartSessionOutcome, Storage,
    User,
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
            a_single_session_ends_the_others
            a_refresh_token_is_rotated_once_and_replayed_within_the_grace_window
            a_late_copy_is_told_when_its_successor_is_used_up
            a_reused_refresh_token_ends_the_family
            without_a_grace_window_nothing_is_replayed
            a_refresh_token_ends_with_its_time_and_its_session
            one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor
            a_revoked_session_stays_revoked
            all_sessions_but_one_are_revoked
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
    ] {
        let account = block_on(storage.find_account(name)).unwrap().unwrap();
        assert_eq!(account.user, stored.user);
        assert!(account.credentials == stored.credentials);
    }
    for name in [
        LoginName::Email("ada".into()),
        LoginName::Username("ada@example.com".into()),
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

/// `ends-others` ends the user's other sessions, and nobody else's.
pub fn a_single_session_ends_the_others(storage: &impl Storage) {
    signed_in(storage);
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    start(storage, expired(12, 1), "expired");
    let new = NewSession {
        session: session(11, 1),
        refresh_token: None,
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
    assert!(block_on(storage.revoke_session(id(12), at(200), "logout".into())).unwrap());
    block_on(storage.count(limits(1000).split_off(1), at(0))).unwrap();
    assert_eq!(block_on(storage.purge(at(59), at(60))).unwrap(), 0);
    // The counter, the short session and its token.
    assert_eq!(block_on(storage.purge(at(60), at(150))).unwrap(), 3);
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
