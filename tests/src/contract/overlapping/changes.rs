//! Decisions, secrets and keys that overlap.

use auth_core::storage::*;
use futures::executor::block_on;

use super::overlap::Overlap;
use crate::contract::given::*;

/// The functions that take grounds.
const DECISIONS: [&str; 8] = [
    "create-user",
    "create-users",
    "change-user",
    "delete-user",
    "store-role",
    "delete-role",
    "store-permission",
    "delete-permission",
];

fn store(
    storage: &impl Storage,
    role: Role,
    expected: Option<u64>,
    grounds: Option<Grounds>,
) -> bool {
    let stored = block_on(storage.store_role(role, expected.map(at), grounds, vec![]));
    stored.unwrap() == StoreOutcome::Stored
}

fn name(
    storage: &impl Storage,
    one: Permission,
    expected: Option<u64>,
    grounds: Option<Grounds>,
) -> bool {
    let stored = block_on(storage.store_permission(one, expected.map(at), grounds, vec![]));
    stored.unwrap() == StoreOutcome::Stored
}

/// Creates an administrator with a role that has one permission, a user, and a role and a permission that nobody has. All
/// have numbers from this one on.
fn scene(storage: &impl Storage, number: u64) {
    let held = format!("held:{number}");
    assert!(name(storage, permission(number, &held, 1), None, None));
    assert!(store(storage, role(number, &held, &[&held], 1), None, None));
    create(storage, with_role(number, &held));
    create(storage, with_role(number + 1, "user"));
    let free = format!("free:{number}");
    assert!(name(storage, permission(number + 1, &free, 1), None, None));
    assert!(store(storage, role(number + 1, &free, &[], 1), None, None));
}

/// Returns the standing of the scene's administrator as grounds.
fn grounds(storage: &impl Storage, number: u64) -> Option<Grounds> {
    let subject = Subject::User(id(number));
    let standing = block_on(storage.find_standing(subject.clone())).unwrap();
    Some(Grounds {
        session: None,
        now: at(2),
        standings: vec![SeenStanding { subject, standing }],
    })
}

/// Calls a function on these grounds. Returns whether it was carried out.
fn decide(storage: &impl Storage, function: &str, number: u64, grounds: Option<Grounds>) -> bool {
    let new = |further| NewUser {
        grounds: grounds.clone(),
        ..with_role(number + further, "user")
    };
    match function {
        "create-user" => {
            let created = block_on(storage.create_user(new(2))).unwrap();
            created == CreateUserOutcome::Created
        }
        "create-users" => {
            let list = vec![with_role(number + 2, "user"), with_role(number + 3, "user")];
            let created = block_on(storage.create_users(id(number), list, grounds)).unwrap();
            created == [CreateUserOutcome::Created; 2]
        }
        "change-user" => {
            let user = account(storage, number + 1).user;
            let change = UserChange {
                grounds,
                ..change(&user, number, 3)
            };
            apply(storage, change) == ChangeOutcome::Changed(vec![])
        }
        "delete-user" => {
            let seen = account(storage, number + 1).user.updated_at;
            let deleted = storage.delete_user(id(number + 1), seen, at(3), None, grounds, vec![]);
            block_on(deleted).unwrap() == DeleteUserOutcome::Deleted(vec![])
        }
        "store-role" => {
            let changed = role(number + 1, &format!("changed:{number}"), &[], 3);
            store(storage, changed, Some(1), grounds)
        }
        "delete-role" => block_on(storage.delete_role(id(number + 1), grounds, vec![])).unwrap(),
        "store-permission" => {
            let changed = permission(number + 1, &format!("changed:{number}"), 3);
            name(storage, changed, Some(1), grounds)
        }
        "delete-permission" => {
            block_on(storage.delete_permission(id(number + 1), grounds, vec![])).unwrap()
        }
        unknown => panic!("{unknown}"),
    }
}

/// Takes something from the scene's administrator by the function with this number.
fn demote(storage: &impl Storage, way: u64, number: u64, grounds: Option<Grounds>) {
    let done = match way {
        0 => {
            let held = format!("held:{number}");
            store(storage, role(number, &held, &[], 3), Some(1), grounds)
        }
        1 => block_on(storage.delete_role(id(number), grounds, vec![])).unwrap(),
        2 => {
            let renamed = permission(number, &format!("renamed:{number}"), 3);
            name(storage, renamed, Some(1), grounds)
        }
        3 => block_on(storage.delete_permission(id(number), grounds, vec![])).unwrap(),
        _ => {
            let user = account(storage, number).user;
            let change = UserChange {
                removes_roles: names(&[&format!("held:{number}")]),
                grounds,
                ..change(&user, number, 3)
            };
            apply(storage, change) == ChangeOutcome::Changed(vec![])
        }
    };
    assert!(done, "way {way}");
}

/// A decision of an administrator is not carried out while their standing changes, in whatever way.
pub fn a_decision_waits_for_what_changes_its_grounds(pair: &impl Overlap) {
    let storage = pair.storage();
    let mut number = 2000;
    let each = DECISIONS.map(|function| (0, function));
    let ways = [1, 2, 3, 4].map(|way| (way, "change-user"));
    for (way, function) in each.into_iter().chain(ways) {
        scene(storage, number);
        let seen = grounds(storage, number);
        let done = pair.overlap(
            |first| demote(first, way, number, seen.clone()),
            |second| decide(second, function, number, seen.clone()),
        );
        assert!(!done, "{function} after way {way}");
        number += 100;
    }
}

/// Of two administrators who step down, the second one sees that they are the last.
pub fn a_last_holder_waits_for_another_one(pair: &impl Overlap) {
    let storage = pair.storage();
    let steps_down = |storage: &dyn Fn(UserChange) -> ChangeOutcome, user: &User, number| {
        storage(UserChange {
            removes_roles: names(&["superadmin"]),
            require_remaining_holder: Some("superadmin".to_owned()),
            ..change(user, number, 3)
        })
    };
    for number in [2000, 2100] {
        create(storage, with_role(number, "superadmin"));
        create(storage, with_role(number + 1, "superadmin"));
        let users = [number, number + 1].map(|number| account(storage, number).user);
        let is_refused = pair.overlap(
            |first| {
                let outcome = steps_down(&|change| apply(first, change), &users[0], number + 10);
                assert_eq!(outcome, ChangeOutcome::Changed(vec![]));
            },
            |second| {
                if number == 2000 {
                    let apply = |change| apply(second, change);
                    steps_down(&apply, &users[1], number + 11) == ChangeOutcome::LastHolder
                } else {
                    let deleted = delete_seen(second, number + 1, Some("superadmin"));
                    deleted == DeleteUserOutcome::LastHolder
                }
            },
        );
        assert!(is_refused, "{number}");
        assert_eq!(
            delete(storage, number + 1),
            DeleteUserOutcome::Deleted(vec![])
        );
    }
    // Nobody becomes the first holder beside another one.
    let first_holder = |number| NewUser {
        unless_role_assigned: Some("superadmin".to_owned()),
        ..with_role(number, "superadmin")
    };
    let outcome = pair.overlap(
        |first| create(first, first_holder(2200)),
        |second| block_on(second.create_user(first_holder(2201))),
    );
    assert_ne!(outcome, Ok(CreateUserOutcome::Created));
}

/// Gives a role to a user in one of three ways. The role can be missing.
fn give(storage: &impl Storage, way: u64, number: u64) {
    let name = format!("free:{number}");
    match way {
        0 => drop(block_on(storage.create_user(with_role(number + 2, &name)))),
        1 => {
            let list = vec![with_role(number + 2, &name)];
            drop(block_on(storage.create_users(id(number + 3), list, None)));
        }
        _ => {
            let user = account(storage, number + 1).user;
            let adds_roles = names(&[&name]);
            drop(apply(
                storage,
                UserChange {
                    adds_roles,
                    ..change(&user, number, 3)
                },
            ));
        }
    }
}

/// Nobody holds a role that is deleted while it is given, also if a role with the same identifier is created later.
pub fn nobody_gets_a_role_that_is_deleted(pair: &impl Overlap) {
    fn delete(storage: &impl Storage, number: u64) {
        let deleted = storage.delete_role(id(number + 1), None, vec![]);
        assert_eq!(block_on(deleted), Ok(true));
    }
    let storage = pair.storage();
    let mut number = 2000;
    for way in 0..3 {
        for given_first in [true, false] {
            scene(storage, number);
            if given_first {
                pair.overlap(
                    |first| give(first, way, number),
                    |second| delete(second, number),
                );
            } else {
                pair.overlap(
                    |first| delete(first, number),
                    |second| give(second, way, number),
                );
            }
            let free = format!("free:{number}");
            let again = role(number + 1, &free, &[], 4);
            assert!(store(storage, again, None, None));
            for user in [number + 1, number + 2] {
                let standing = block_on(storage.find_standing(Subject::User(id(user)))).unwrap();
                assert!(!standing.roles.contains(&free), "way {way}, {given_first}");
            }
            number += 100;
        }
    }
}

/// Nothing of a user is left by a deletion beside a change that adds to the user. The function deletes a user in any state.
pub fn a_deletion_takes_what_a_change_adds<P: Overlap>(
    pair: &P,
    delete: impl Fn(&P::Second, &str) + Sync,
) {
    let storage = pair.storage();
    create(storage, known_by(1, None, None, &["ada"]));
    let user = account(storage, 1).user;
    let further = Credential {
        kind: "totp".to_owned(),
        ..new_user(1, None, None).credentials.remove(0)
    };
    pair.overlap(
        |first| {
            let change = UserChange {
                credentials: vec![Credential {
                    id: id(3000),
                    ..further
                }],
                adds_roles: names(&["premium"]),
                search_terms: names(&["ada", "lovelace"]),
                ..change(&user, 2, 3)
            };
            assert_eq!(apply(first, change), ChangeOutcome::Changed(vec![]));
        },
        |second| delete(second, &id(1)),
    );
    let mut bare = known_by(1, None, None, &["ben"]);
    bare.credentials.clear();
    bare.roles.clear();
    create(storage, bare);
    assert!(account(storage, 1).credentials.is_empty());
    assert!(roles(storage, 1).is_empty());
    for term in ["ada", "lovelace"] {
        assert!(listed(storage, &search(term)).is_empty(), "{term}");
    }
}

/// A secret that takes the place of others leaves none that another call is storing.
pub fn one_secret_replaces_another(pair: &impl Overlap) {
    let storage = pair.storage();
    create(storage, new_user(1, None, None));
    pair.overlap(
        |first| store_secret(first, one_time_secret("first", 1), true),
        |second| store_secret(second, one_time_secret("second", 1), true),
    );
    let left = ["first", "second"].map(|digest| consume(storage, digest, 2));
    assert_eq!(left, [false, true]);
}

/// A change that needs a secret is not made while another call uses the secret.
pub fn a_secret_is_used_by_one_call(pair: &impl Overlap) {
    let storage = pair.storage();
    create(storage, new_user(1, None, None));
    store_secret(storage, one_time_secret("secret", 1), false);
    let user = account(storage, 1).user;
    let outcome = pair.overlap(
        |first| assert!(consume(first, "secret", 2)),
        |second| {
            let change = UserChange {
                consumes: Some("secret".to_owned()),
                ..change(&user, 2, 3)
            };
            apply(second, change)
        },
    );
    assert_eq!(outcome, ChangeOutcome::SecretRefused);
}

/// A key of another algorithm that is added at the same time leaves one key that signs.
pub fn a_signing_key_waits_for_another_one(pair: &impl Overlap) {
    let storage = pair.storage();
    let key = |kid: &str, algorithm: &str, seconds| StoredSigningKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        public_jwk: "{}".to_owned(),
        ciphertext: "sealed".to_owned(),
        created_at: at(seconds),
        retired_at: None,
        expires_at: None,
        emergency: false,
    };
    pair.overlap(
        |first| {
            let added = first.add_signing_key(key("a", "EdDSA", 1), None, at(9), vec![]);
            assert_eq!(block_on(added), Ok(true));
        },
        |second| {
            drop(block_on(second.add_signing_key(
                key("b", "ES256", 2),
                None,
                at(9),
                vec![],
            )))
        },
    );
    let keys = block_on(storage.list_signing_keys()).unwrap();
    let signing = keys.iter().filter(|key| key.retired_at.is_none());
    assert_eq!(signing.count(), 1);
}
