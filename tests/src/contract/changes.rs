//! Changes of users, and the role that somebody has to keep.

use super::*;

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
            locked_until: Some(at(9)),
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
            only: None,
            only_acting: false,
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
            only: None,
            only_acting: false,
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
    // What he does as another ends by itself, where that is asked for.
    let acting = Session {
        actor_id: Some(id(1)),
        ..session(21, 2)
    };
    start(storage, acting, "acting");
    let ends = UserChange {
        ends_sessions: Some(SessionEnding {
            only: None,
            only_acting: true,
            except: None,
            reason: "role_removed".to_owned(),
        }),
        ..change(&account(storage, 1).user, 104, 7)
    };
    assert_eq!(apply(storage, ends), ChangeOutcome::Changed(vec![id(21)]));
    assert_eq!(find(storage, 10).session.revoked_at, None);
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

/// Of concurrent changes of many users to one key exactly one happens.
pub fn one_of_many_concurrent_changes_gets_the_key(storage: &(impl Storage + Sync)) {
    let users: Vec<_> = (1..=CALLERS as u64)
        .map(|number| {
            create(storage, new_user(number, None, None));
            account(storage, number).user
        })
        .collect();
    let race = |seconds, email: Option<&str>, username: Option<&str>, lost| {
        let outcomes = concurrently(|caller| {
            let user = User {
                updated_at: account(storage, caller as u64 + 1).user.updated_at,
                ..users[caller].clone()
            };
            let change = UserChange {
                email_key: email.map(str::to_owned),
                username_key: username.map(str::to_owned),
                ..change(&user, seconds * 1000 + caller as u64, seconds)
            };
            apply(storage, change)
        });
        assert_eq!(times(&outcomes, ChangeOutcome::Changed(vec![])), 1);
        assert_eq!(times(&outcomes, lost), CALLERS - 1);
    };
    race(5, Some("ada"), None, ChangeOutcome::EmailTaken);
    race(6, None, Some("ada"), ChangeOutcome::UsernameTaken);
}

/// After a change a user is found by the terms of the change, and by no other.
pub fn a_change_replaces_the_terms(storage: &impl Storage) {
    create(
        storage,
        known_by(1, Some("ada@example.com"), None, &["first", "both"]),
    );
    create(storage, known_by(2, None, None, &["first"]));
    let user = account(storage, 1).user;
    let to = |number, seconds, terms: &[&str]| UserChange {
        terms: names(terms),
        ..change(&account(storage, 1).user, number, seconds)
    };
    let late = UserChange {
        expected_updated_at: at(1),
        ..to(99, 5, &["late"])
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    assert_eq!(listed(storage, &search("late")), [0u64; 0]);
    assert_eq!(listed(storage, &search("first")), [1, 2]);
    let moved = UserChange {
        email_key: Some("countess@example.com".to_owned()),
        ..to(100, 5, &["both", "second"])
    };
    assert_eq!(apply(storage, moved), ChangeOutcome::Changed(vec![]));
    for (prefix, expected) in [
        ("first", vec![2]),
        ("both", vec![1]),
        ("second", vec![1]),
        ("ada@", vec![]),
        ("countess", vec![1]),
    ] {
        assert_eq!(listed(storage, &search(prefix)), expected, "{prefix}");
    }
    let cleared = UserChange {
        email_key: None,
        user: User {
            email: None,
            updated_at: at(6),
            ..user
        },
        ..to(101, 6, &[])
    };
    assert_eq!(apply(storage, cleared), ChangeOutcome::Changed(vec![]));
    assert_eq!(listed(storage, &search("")), [2]);
}

/// The change, but by it the user is disabled.
fn disabling(change: UserChange) -> UserChange {
    UserChange {
        user: User {
            disabled_at: Some(change.user.updated_at),
            ..change.user
        },
        ..change
    }
}

/// The change, but by it the user loses the role, if somebody else keeps it.
fn removing(role: &str, change: UserChange) -> UserChange {
    UserChange {
        removes_roles: names(&[role]),
        keeps_holder: Some(role.to_owned()),
        ..change
    }
}

/// The last who is not disabled and has a role can't lose it or be disabled; all else of him can change.
pub fn the_last_holder_keeps_the_role(storage: &impl Storage) {
    let mut last = new_user(1, Some("ada@example.com"), Some("ada"));
    last.roles = names(&["superadmin", "admin"]);
    last.terms = names(&["term"]);
    create(storage, last);
    start(storage, session(10, 1), "first");
    let mut disabled = with_role(2, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled);
    create(storage, new_user(3, Some("bob@example.com"), Some("bob")));
    store_secret(storage, one_time_secret("a", 1), false);
    let to = |number, seconds| UserChange {
        keeps_holder: Some("superadmin".to_owned()),
        terms: names(&["term"]),
        ..change(&account(storage, 1).user, number, seconds)
    };
    let with_all = |change| UserChange {
        consumes: Some("a".to_owned()),
        deletes_credentials: names(&["password"]),
        adds_roles: names(&["user"]),
        ends_sessions: Some(SessionEnding {
            only: None,
            only_acting: false,
            except: None,
            reason: "role_removed".to_owned(),
        }),
        terms: names(&["other"]),
        ..change
    };
    let before = member(storage, 1);
    for refused in [
        with_all(removing("superadmin", to(100, 5))),
        with_all(disabling(to(101, 5))),
        disabling(removing("superadmin", to(102, 5))),
    ] {
        assert_eq!(apply(storage, refused), ChangeOutcome::LastHolder);
    }
    assert!(member(storage, 1) == before);
    assert_eq!(find(storage, 10).session.revoked_at, None);
    assert_eq!(listed(storage, &search("other")), [0u64; 0]);
    assert_eq!(listed(storage, &search("term")), [1]);

    // What else is wrong comes first.
    let removes = || removing("superadmin", to(103, 5));
    let late = UserChange {
        expected_updated_at: at(1),
        ..removes()
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    let without = UserChange {
        consumes: Some("unknown".to_owned()),
        ..removes()
    };
    assert_eq!(apply(storage, without), ChangeOutcome::SecretRefused);
    let taken = |email: &str, name: &str| UserChange {
        email_key: Some(email.to_owned()),
        username_key: Some(name.to_owned()),
        ..removes()
    };
    let outcome = apply(storage, taken("bob@example.com", "ada"));
    assert_eq!(outcome, ChangeOutcome::EmailTaken);
    let outcome = apply(storage, taken("ada@example.com", "bob"));
    assert_eq!(outcome, ChangeOutcome::UsernameTaken);

    // What leaves him the role.
    assert_eq!(apply(storage, to(104, 5)), ChangeOutcome::Changed(vec![]));
    let other_role = UserChange {
        removes_roles: names(&["admin"]),
        ..to(105, 6)
    };
    assert_eq!(apply(storage, other_role), ChangeOutcome::Changed(vec![]));
    assert_eq!(roles(storage, 1), ["superadmin"]);
    assert!(consume(storage, "a", 7));
    // Nobody asks for another.
    let anyway = UserChange {
        keeps_holder: None,
        ..removing("superadmin", to(106, 8))
    };
    assert_eq!(apply(storage, anyway), ChangeOutcome::Changed(vec![]));
    assert_eq!(roles(storage, 1), [""; 0]);
}

/// While somebody else has the role, and for who does not have it or is disabled anyway, nothing is in the way.
pub fn who_does_not_hold_the_role_is_not_hindered(storage: &impl Storage) {
    create(storage, with_role(1, "superadmin"));
    create(storage, with_role(2, "superadmin"));
    create(storage, with_role(3, "admin"));
    let mut disabled = with_role(4, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled);
    let removes = |number: u64, seconds| {
        let user = account(storage, number).user;
        apply(
            storage,
            removing("superadmin", change(&user, 100 + seconds, seconds)),
        )
    };
    let disables = |number: u64, seconds| {
        let change = change(&account(storage, number).user, 100 + seconds, seconds);
        let change = UserChange {
            keeps_holder: Some("superadmin".to_owned()),
            ..disabling(change)
        };
        apply(storage, change)
    };
    let changed = ChangeOutcome::Changed(vec![]);
    assert_eq!(removes(2, 10), changed);
    assert_eq!(removes(1, 11), ChangeOutcome::LastHolder);
    // None of these is the one who has it.
    assert_eq!(removes(2, 12), changed);
    assert_eq!(disables(2, 13), changed);
    assert_eq!(removes(3, 14), changed);
    assert_eq!(disables(3, 15), changed);
    assert_eq!(disables(4, 16), changed);
    assert_eq!(removes(4, 17), changed);
    // Nor where nobody has it, or it does not exist.
    let user = account(storage, 1).user;
    let nobodys = UserChange {
        removes_roles: names(&["superadmin", "premium"]),
        ..removing("premium", change(&user, 200, 20))
    };
    assert_eq!(apply(storage, nobodys), changed);
    assert_eq!(removes(1, 21), changed);
    let user = account(storage, 1).user;
    let unknown = removing("no such role", change(&user, 201, 22));
    assert_eq!(apply(storage, unknown), changed);
    assert_eq!(disables(1, 23), changed);
}

/// Tries to take the role of a superadmin in one of three ways; true: he has it no longer.
fn step_down(storage: &impl Storage, user: &User, way: usize, number: u64) -> bool {
    let keeps_holder = Some("superadmin".to_owned());
    let change = change(
        user,
        number,
        user.updated_at.as_secs() - at(0).as_secs() + 1,
    );
    let outcome = match way % 3 {
        0 => {
            let deleted =
                storage.delete_user(user.id.clone(), user.updated_at, at(1), keeps_holder, None);
            return match block_on(deleted).unwrap() {
                DeleteUserOutcome::Deleted(_) => true,
                DeleteUserOutcome::LastHolder => false,
                other => panic!("{other:?}"),
            };
        }
        1 => apply(storage, removing("superadmin", change)),
        _ => apply(
            storage,
            UserChange {
                keeps_holder,
                ..disabling(change)
            },
        ),
    };
    match outcome {
        ChangeOutcome::Changed(_) => true,
        ChangeOutcome::LastHolder => false,
        outcome => panic!("{outcome:?}"),
    }
}

fn superadmins(storage: &impl Storage) -> Vec<u64> {
    let query = UserQuery {
        role: Some("superadmin".to_owned()),
        disabled: Some(false),
        ..everybody()
    };
    listed(storage, &query)
}

/// Of the last two who have a role, and lose it at once in any two ways, one stays.
pub fn of_two_concurrent_last_holders_one_stays(storage: &(impl Storage + Sync)) {
    let mut number = 0;
    for ways in [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]] {
        for _ in 0..5 {
            let users = [number + 1, number + 2].map(|number| {
                let mut new = with_role(number, "superadmin");
                new.credentials.clear();
                create(storage, new);
                account(storage, number).user
            });
            number += 2;
            let barrier = std::sync::Barrier::new(2);
            let gone: Vec<_> = std::thread::scope(|scope| {
                let threads = [0, 1].map(|caller| {
                    let (user, barrier) = (&users[caller], &barrier);
                    let change = 10_000 + number + caller as u64;
                    scope.spawn(move || {
                        barrier.wait();
                        step_down(storage, user, ways[caller], change)
                    })
                });
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            assert_eq!(times(&gone, true), 1, "{ways:?}");
            let stayed = if gone[0] { number } else { number - 1 };
            assert_eq!(superadmins(storage), [stayed], "{ways:?}");
            assert_eq!(delete(storage, stayed), DeleteUserOutcome::Deleted(vec![]));
        }
    }
}

/// Of many who have a role and all lose it at once one stays, and he alone is refused.
pub fn of_many_concurrent_holders_one_stays(storage: &(impl Storage + Sync)) {
    let users: Vec<_> = (1..=CALLERS as u64)
        .map(|number| {
            create(storage, with_role(number, "superadmin"));
            account(storage, number).user
        })
        .collect();
    let gone =
        concurrently(|caller| step_down(storage, &users[caller], caller, 10_000 + caller as u64));
    assert_eq!(times(&gone, false), 1);
    let stayed = gone.iter().position(|gone| !gone).unwrap() as u64 + 1;
    assert_eq!(superadmins(storage), [stayed]);
}
