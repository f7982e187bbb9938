//! The grounds of decisions: the facts that they were based on.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

fn standing(storage: &impl Storage, subject: Subject) -> Standing {
    block_on(storage.find_standing(subject)).unwrap()
}

fn of(rank: u64, roles: &[&str], permissions: &[&str]) -> Standing {
    Standing {
        rank,
        roles: names(roles),
        permissions: names(permissions),
    }
}

fn custom(number: u64, name: &str, rank: u64, permissions: &[&str]) -> Role {
    Role {
        id: id(number),
        name: name.to_owned(),
        description: String::new(),
        built_in: false,
        rank,
        permissions: names(permissions),
        updated_at: at(1),
    }
}

fn with_roles(number: u64, roles: &[&str]) -> NewUser {
    NewUser {
        roles: names(roles),
        ..new_user(number, None, None)
    }
}

fn store(storage: &impl Storage, role: Role, expected: Option<u64>) {
    let stored = storage.store_role(role, expected.map(at), None, vec![]);
    assert_eq!(block_on(stored), Ok(StoreOutcome::Stored));
}

/// Creates a user with two roles, a second user with one of them, and a role that nobody has.
fn people(storage: &impl Storage) {
    store(storage, custom(0x600, "editor", 20, &["audit:read"]), None);
    store(storage, custom(0x601, "writer", 10, &["users:read"]), None);
    store(storage, custom(0x602, "nobody", 900, &["users:read"]), None);
    create(storage, with_roles(1, &["editor", "writer"]));
    create(storage, with_roles(2, &["writer", "moderator"]));
    create(storage, with_roles(3, &[]));
}

/// The standing of a user, of one role, of a role's holders, and of a permission's holders; unknown ones have none.
pub(crate) fn a_standing_is_made_of_all_roles(storage: &impl Storage) {
    people(storage);
    let both = ["audit:read", "users:read"];
    let found = |subject: fn(String) -> Subject, number| standing(storage, subject(id(number)));
    let editor = of(20, &["editor", "writer"], &both);
    assert_eq!(found(Subject::User, 1), editor);
    assert_eq!(found(Subject::User, 3), Standing::default());
    assert_eq!(found(Subject::User, 9), Standing::default());
    assert_eq!(found(Subject::Role, 0x600), of(20, &["editor"], &both[..1]));
    assert_eq!(found(Subject::Role, 1), of(1000, &["superadmin"], &["*"]));
    assert_eq!(found(Subject::Role, 0x609), Standing::default());
    assert_eq!(found(Subject::RoleHolders, 0x600), editor);
    let writers = of(100, &["editor", "moderator", "writer"], &both);
    assert_eq!(found(Subject::RoleHolders, 0x601), writers);
    let nobody = of(900, &["nobody"], &both[1..]);
    assert_eq!(found(Subject::RoleHolders, 0x602), nobody);
    // `audit:read` belongs to admins and editors.
    let holders = found(Subject::PermissionHolders, 0x110);
    assert_eq!(holders.rank, 500);
    assert_eq!(holders.roles, ["admin", "editor", "writer"]);
    assert_eq!(
        found(Subject::PermissionHolders, 0x509),
        Standing::default()
    );
    let member = member(storage, 2).unwrap();
    assert_eq!(
        (member.rank, member.roles),
        (100, names(&["moderator", "writer"]))
    );
    start(storage, session(10, 2), "first");
    assert_eq!(find(storage, 10).rank, 100);
}

/// Two roles that many users have, one that few of these have, and one that a user without them has.
pub(crate) fn a_standing_is_that_of_many_holders(storage: &impl Storage) {
    const MANY: [&str; 2] = ["many", "members"];
    for (role, name) in (0x600..).zip(["few", "lone", MANY[0], MANY[1]]) {
        store(storage, custom(role, name, role, &[]), None);
    }
    for first in [10_000, 10_400, 10_800] {
        create_all(
            storage,
            (first..first + 400).map(|number| with_roles(number, &MANY)),
        );
    }
    create(storage, with_roles(1, &["few", "many"]));
    create(storage, with_roles(2, &["lone"]));
    let roles = |role| standing(storage, Subject::RoleHolders(id(role))).roles;
    assert_eq!(roles(0x600), ["few", "many"]);
    assert_eq!(roles(0x601), ["lone"]);
    assert_eq!(roles(0x602), ["few", "many", "members"]);
    assert_eq!(roles(0x603), MANY);
}

/// Calls each function that takes grounds once.
fn carried_out(storage: &impl Storage, round: u64, grounds: &Grounds) -> Vec<(&'static str, bool)> {
    let given = || Some(grounds.clone());
    let number = 100 + round * 10;
    let new = |number| NewUser {
        grounds: given(),
        ..with_roles(number, &["user"])
    };
    let created = block_on(storage.create_user(new(number))).unwrap();
    let list = vec![with_roles(number + 1, &[]), with_roles(number + 2, &[])];
    let listed = block_on(storage.create_users(id(900 + round), list, given())).unwrap();
    let there = member(storage, 8).unwrap().account.user;
    let changed = UserChange {
        grounds: given(),
        ..change(&there, 700 + round, 50 + round)
    };
    let changed = block_on(storage.change_user(changed)).unwrap();
    let gone = member(storage, 20 + round).unwrap().account.user;
    let deleted = storage.delete_user(gone.id, gone.updated_at, at(2), None, given(), vec![]);
    let deleted = block_on(deleted).unwrap();
    let role = custom(0x700 + round, &format!("role{round}"), 5, &[]);
    let made = block_on(storage.store_role(role, None, given(), vec![])).unwrap();
    let roles = block_on(storage.list_roles()).unwrap();
    let seen = roles.into_iter().find(|role| role.id == id(0x603)).unwrap();
    let edited = Role {
        updated_at: at(60 + round),
        permissions: names(&["users:read"]),
        ..seen.clone()
    };
    let edited =
        block_on(storage.store_role(edited, Some(seen.updated_at), given(), vec![])).unwrap();
    let dropped = block_on(storage.delete_role(id(0x800 + round), given(), vec![])).unwrap();
    let permission = Permission {
        id: id(0x500 + round),
        name: format!("posts:{round}"),
        description: String::new(),
        built_in: false,
        updated_at: at(1),
    };
    let named = block_on(storage.store_permission(permission, None, given(), vec![])).unwrap();
    let unnamed = block_on(storage.delete_permission(id(0x580 + round), given(), vec![])).unwrap();
    let both_listed = listed == [CreateUserOutcome::Created; 2];
    assert!(both_listed || listed == [CreateUserOutcome::Conflict; 2]);
    assert!(
        created == CreateUserOutcome::Created || created == CreateUserOutcome::Conflict,
        "{created:?}"
    );
    assert!(
        [StoreOutcome::Stored, StoreOutcome::Conflict].contains(&edited),
        "{edited:?}"
    );
    vec![
        ("create-user", created == CreateUserOutcome::Created),
        ("create-users", both_listed),
        ("change-user", changed == ChangeOutcome::Changed(vec![])),
        ("delete-user", deleted == DeleteUserOutcome::Deleted(vec![])),
        ("new role", made == StoreOutcome::Stored),
        ("edited role", edited == StoreOutcome::Stored),
        ("delete-role", dropped),
        ("new permission", named == StoreOutcome::Stored),
        ("delete-permission", unnamed),
        ("left a user", member(storage, number).is_some()),
    ]
}

/// If a session has ended, or a user's roles, rank or permissions have changed since they were read, no function stores
/// anything (V8.3.2).
pub(crate) fn a_decision_is_carried_out_only_on_its_grounds(storage: &impl Storage) {
    people(storage);
    create(storage, with_roles(8, &[]));
    store(storage, custom(0x603, "edited", 1, &[]), None);
    for round in 0..8 {
        create(storage, with_roles(20 + round, &[]));
        store(
            storage,
            custom(0x800 + round, &format!("dropped{round}"), 1, &[]),
            None,
        );
        let permission = Permission {
            id: id(0x580 + round),
            name: format!("dropped:{round}"),
            description: String::new(),
            built_in: false,
            updated_at: at(1),
        };
        let stored = block_on(storage.store_permission(permission, None, None, vec![]));
        assert_eq!(stored, Ok(StoreOutcome::Stored));
    }
    start(storage, session(10, 1), "first");
    start(storage, expired(11, 1), "second");
    let seen = |subject: Subject| SeenStanding {
        standing: standing(storage, subject.clone()),
        subject,
    };
    let on = |session: Option<u64>, standings: Vec<SeenStanding>| Grounds {
        session: session.map(id),
        now: at(2),
        standings,
    };
    let all = vec![
        seen(Subject::User(id(1))),
        seen(Subject::User(id(9))),
        seen(Subject::Role(id(0x600))),
        seen(Subject::RoleHolders(id(0x600))),
        seen(Subject::PermissionHolders(id(0x110))),
    ];
    let mut round = 0;
    let mut check = |grounds: &Grounds, holds: bool| {
        for (what, done) in carried_out(storage, round, grounds) {
            assert_eq!(done, holds, "{what} in round {round}");
        }
        round += 1;
    };
    check(&on(Some(10), all.clone()), true);
    check(&on(None, vec![]), true);
    check(&on(Some(11), vec![]), false);
    check(&on(Some(99), vec![]), false);
    // Another rank, with the same roles and permissions.
    store(
        storage,
        Role {
            updated_at: at(2),
            ..custom(0x600, "editor", 21, &["audit:read"])
        },
        Some(1),
    );
    check(&on(Some(10), vec![all[0].clone()]), false);
    check(&on(None, vec![all[3].clone()]), false);
    check(&on(None, vec![all[1].clone()]), true);
    block_on(storage.revoke_session(id(10), at(1), "logout".into(), vec![])).unwrap();
    check(&on(Some(10), vec![]), false);
}

/// Two users each remove the other's only role, having seen that both have theirs: exactly one succeeds, every time.
pub(crate) fn of_concurrent_decisions_about_each_other_one_is_carried_out(
    storage: &(impl Storage + Sync),
) {
    people(storage);
    for round in 0..10 {
        let (one, other) = (30 + round * 2, 31 + round * 2);
        for number in [one, other] {
            create(storage, with_roles(number, &["moderator"]));
        }
        let seen = |number| SeenStanding {
            subject: Subject::User(id(number)),
            standing: of(100, &["moderator"], &["users:read"]),
        };
        let outcomes = concurrently(|caller| {
            let (target, number) = (if caller % 2 == 0 { one } else { other }, caller as u64);
            let user = member(storage, target).unwrap().account.user;
            let change = UserChange {
                removes_roles: names(&["moderator"]),
                grounds: Some(Grounds {
                    session: None,
                    now: at(2),
                    standings: vec![seen(one), seen(other)],
                }),
                ..change(&user, 2_000 + round * 100 + number, 10)
            };
            block_on(storage.change_user(change)).unwrap()
        });
        let changed = times(&outcomes, ChangeOutcome::Changed(vec![]));
        assert_eq!(changed, 1, "{outcomes:?}");
        let left = [one, other].map(|number| roles(storage, number).len());
        assert_eq!(left[0] + left[1], 1);
    }
}

/// Users get a role and another one, having seen that its holders have only the first: exactly one is created, every time.
pub(crate) fn of_concurrent_new_holders_one_is_created(storage: &(impl Storage + Sync)) {
    for round in 0..5 {
        let (role, name) = (0x610 + round, format!("first{round}"));
        store(storage, custom(role, &name, 10, &[]), None);
        let outcomes = concurrently(|caller| {
            let grounds = Grounds {
                session: None,
                now: at(2),
                standings: vec![SeenStanding {
                    subject: Subject::RoleHolders(id(role)),
                    standing: of(10, &[&name], &[]),
                }],
            };
            let new = NewUser {
                grounds: Some(grounds),
                ..with_roles(3_000 + round * 100 + caller as u64, &[&name, "moderator"])
            };
            block_on(storage.create_user(new)).unwrap()
        });
        let created = times(&outcomes, CreateUserOutcome::Created);
        assert_eq!(created, 1, "{outcomes:?}");
    }
}
