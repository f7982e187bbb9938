//! The role that at least one user must have.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// Returns the change, which also disables the user.
fn disabling(change: UserChange) -> UserChange {
    UserChange {
        user: User {
            disabled_at: Some(change.user.updated_at),
            ..change.user
        },
        ..change
    }
}

/// Returns the change, which also removes the role if another user keeps it.
fn removing(role: &str, change: UserChange) -> UserChange {
    UserChange {
        removes_roles: names(&[role]),
        require_remaining_holder: Some(role.to_owned()),
        ..change
    }
}

/// The last enabled holder can't lose the role or be disabled; everything else can change.
pub(crate) fn the_last_holder_keeps_the_role(storage: &impl Storage) {
    let mut last = new_user(1, Some("ada@example.com"), Some("ada"));
    last.roles = names(&["superadmin", "admin"]);
    last.search_terms = names(&["term"]);
    create(storage, last);
    start(storage, session(10, 1), "first");
    let mut disabled = with_role(2, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled);
    create(storage, new_user(3, Some("bob@example.com"), Some("bob")));
    store_secret(storage, one_time_secret("a", 1), false);
    let to = |number, seconds| UserChange {
        require_remaining_holder: Some("superadmin".to_owned()),
        search_terms: names(&["term"]),
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
        search_terms: names(&["other"]),
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

    // Other errors are reported first.
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
        username_key: Some(name.to_owned()),
        ..with_address(removes(), Some(email))
    };
    let outcome = apply(storage, taken("bob@example.com", "ada"));
    assert_eq!(outcome, ChangeOutcome::EmailTaken);
    let outcome = apply(storage, taken("ada@example.com", "bob"));
    assert_eq!(outcome, ChangeOutcome::UsernameTaken);

    // Changes that keep the role.
    assert_eq!(apply(storage, to(104, 5)), ChangeOutcome::Changed(vec![]));
    let other_role = UserChange {
        removes_roles: names(&["admin"]),
        ..to(105, 6)
    };
    assert_eq!(apply(storage, other_role), ChangeOutcome::Changed(vec![]));
    assert_eq!(roles(storage, 1), ["superadmin"]);
    assert!(consume(storage, "a", 7));
    // Changes without the condition.
    let anyway = UserChange {
        require_remaining_holder: None,
        ..removing("superadmin", to(106, 8))
    };
    assert_eq!(apply(storage, anyway), ChangeOutcome::Changed(vec![]));
    assert_eq!(roles(storage, 1), [""; 0]);
}

/// A change is allowed while another user has the role, and for users who don't have it or are disabled.
pub(crate) fn who_does_not_hold_the_role_is_not_hindered(storage: &impl Storage) {
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
            require_remaining_holder: Some("superadmin".to_owned()),
            ..disabling(change)
        };
        apply(storage, change)
    };
    let changed = ChangeOutcome::Changed(vec![]);
    assert_eq!(removes(2, 10), changed);
    assert_eq!(removes(1, 11), ChangeOutcome::LastHolder);
    // None of these is the holder.
    assert_eq!(removes(2, 12), changed);
    assert_eq!(disables(2, 13), changed);
    assert_eq!(removes(3, 14), changed);
    assert_eq!(disables(3, 15), changed);
    assert_eq!(disables(4, 16), changed);
    assert_eq!(removes(4, 17), changed);
    // Nor if nobody has the role, or it does not exist.
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

/// Tries to remove a superadmin's role in one of three ways. Returns whether they lost it.
fn step_down(storage: &impl Storage, user: &User, way: usize, number: u64) -> bool {
    let require_remaining_holder = Some("superadmin".to_owned());
    let change = change(
        user,
        number,
        user.updated_at.as_secs() - at(0).as_secs() + 1,
    );
    let outcome = match way % 3 {
        0 => {
            let deleted = storage.delete_user(
                user.id.clone(),
                user.updated_at,
                at(1),
                require_remaining_holder,
                None,
                vec![],
            );
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
                require_remaining_holder,
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

/// Of the last two holders who lose a role concurrently, in any two ways, one keeps it.
pub(crate) fn of_two_concurrent_last_holders_one_stays(storage: &(impl Storage + Sync)) {
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

/// Of many holders who all lose a role concurrently, one keeps it, and only that change is refused.
pub(crate) fn of_many_concurrent_holders_one_stays(storage: &(impl Storage + Sync)) {
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
