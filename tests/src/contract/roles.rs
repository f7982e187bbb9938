//! Roles and permissions.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// The service's decisions depend on these.
pub(crate) fn the_built_in_roles_and_permissions_are_there(storage: &impl Storage) {
    let roles: [(u64, &str, u64, &[&str]); 6] = [
        (
            2,
            "admin",
            500,
            &[
                "audit:read",
                "keys:read",
                "roles:read",
                "roles:write",
                "users:delete",
                "users:impersonate",
                "users:read",
                "users:write",
            ],
        ),
        (3, "moderator", 100, &["users:read"]),
        (4, "premium", 0, &[]),
        (1, "superadmin", 1000, &["*"]),
        (6, "user", 0, &[]),
        (5, "verified", 0, &[]),
    ];
    let stored = block_on(storage.list_roles()).unwrap();
    assert_eq!(stored.len(), roles.len());
    for (role, (number, name, rank, permissions)) in stored.iter().zip(roles) {
        assert_eq!((&role.id, role.name.as_str()), (&id(number), name));
        assert_eq!(role.permissions, permissions);
        assert_eq!(role.rank, rank, "{name}");
        assert_eq!(auth_core::access::built_in_rank(name), Some(rank));
        assert!(role.built_in && !role.description.is_empty(), "{role:?}");
    }
    let permissions = [
        (0x101, "*"),
        (0x110, "audit:read"),
        (0x111, "keys:read"),
        (0x112, "keys:write"),
        (0x108, "roles:read"),
        (0x109, "roles:write"),
        (0x104, "users:delete"),
        (0x107, "users:export"),
        (0x105, "users:impersonate"),
        (0x106, "users:import"),
        (0x102, "users:read"),
        (0x103, "users:write"),
    ];
    let stored = block_on(storage.list_permissions()).unwrap();
    assert_eq!(stored.len(), permissions.len());
    for (permission, (number, name)) in stored.iter().zip(permissions) {
        assert_eq!(
            (&permission.id, permission.name.as_str()),
            (&id(number), name)
        );
        assert!(
            permission.built_in && !permission.description.is_empty(),
            "{permission:?}"
        );
    }
}

/// Existing permissions are returned sorted and without duplicates; holders of the role have them immediately.
pub(crate) fn a_role_is_stored_with_its_permissions(storage: &impl Storage) {
    store_new(storage, permission(0x500, "posts:write", 1));
    assert_eq!(
        Permission::one(storage, &id(0x500)),
        Some(permission(0x500, "posts:write", 1))
    );
    let wanted = [
        "users:read",
        "no:such",
        "posts:write",
        "users:read",
        "posts:writ_",
    ];
    store_new(storage, role(0x600, "editor", &wanted, 1));
    let kept = ["posts:write", "users:read"];
    assert_eq!(
        Role::one(storage, &id(0x600)),
        Some(role(0x600, "editor", &kept, 1))
    );
    let listed: Vec<_> = Role::all(storage)
        .into_iter()
        .map(|role| role.name)
        .collect();
    let by_name = [
        "admin",
        "editor",
        "moderator",
        "premium",
        "superadmin",
        "user",
        "verified",
    ];
    assert_eq!(listed, by_name);

    create(storage, with_role(1, "editor"));
    start(storage, session(10, 1), "first");
    let permissions = || {
        let found = member(storage, 1).unwrap().permissions;
        assert_eq!(find(storage, 10).permissions, found);
        found
    };
    assert_eq!(permissions(), kept);
    let changed = Role {
        description: "another".to_owned(),
        ..role(0x600, "editor", &["keys:read", "posts:write"], 2)
    };
    store_over(storage, changed.clone(), 1);
    assert_eq!(Role::one(storage, &id(0x600)), Some(changed));
    assert_eq!(permissions(), ["keys:read", "posts:write"]);
    store_over(storage, role(0x600, "editor", &[], 3), 2);
    assert_eq!(permissions(), [""; 0]);
    // An unknown permission is not added later.
    store_over(storage, role(0x600, "editor", &["late:one"], 4), 3);
    store_new(storage, permission(0x501, "late:one", 1));
    assert_eq!(permissions(), [""; 0]);
    store_over(storage, role(0x600, "editor", &["late:one"], 5), 4);
    assert_eq!(permissions(), ["late:one"]);
}

/// A role can be renamed; its holders keep it under the new name, and the old name becomes free.
pub(crate) fn a_renamed_role_stays_with_those_who_have_it(storage: &impl Storage) {
    store_new(storage, role(0x600, "editor", &["users:read"], 1));
    create(storage, with_role(1, "editor"));
    start(storage, session(10, 1), "first");
    store_over(storage, role(0x600, "author", &["users:read"], 2), 1);
    assert_eq!(roles(storage, 1), ["author"]);
    assert_eq!(find(storage, 10).roles, ["author"]);
    assert_eq!(member(storage, 1).unwrap().permissions, ["users:read"]);
    store_new(storage, role(0x601, "editor", &["keys:read"], 1));
    assert_eq!(roles(storage, 1), ["author"]);
    let by = |role: &str| UserQuery {
        role: Some(role.to_owned()),
        ..everybody()
    };
    assert_eq!(listed(storage, &by("author")), [1]);
    assert_eq!(listed(storage, &by("editor")), [0u64; 0]);
}

/// A permission can be renamed; its roles keep it under the new name, and the old name becomes free.
pub(crate) fn a_renamed_permission_stays_with_its_roles(storage: &impl Storage) {
    store_new(storage, permission(0x500, "posts:write", 1));
    store_new(storage, role(0x600, "editor", &["posts:write"], 1));
    create(storage, with_role(1, "editor"));
    store_over(storage, permission(0x500, "pages:write", 2), 1);
    store_new(storage, permission(0x501, "posts:write", 1));
    assert_eq!(
        Role::one(storage, &id(0x600)).unwrap().permissions,
        ["pages:write"]
    );
    assert_eq!(member(storage, 1).unwrap().permissions, ["pages:write"]);
    let changed = permission(0x500, "pages:write", 2);
    assert_eq!(Permission::one(storage, &id(0x500)), Some(changed));
}

/// A call that has seen an older version, none, or a deleted one changes nothing.
fn is_changed_only_by_who_has_seen_it<T: Named>(storage: &impl Storage) {
    let one = |name, seconds| T::new(0x600, name, seconds);
    let conflict = |one: T, expected: Option<u64>| {
        let before = T::all(storage);
        assert_eq!(one.store(storage, expected.map(at)), StoreOutcome::Conflict);
        assert_eq!(T::all(storage), before);
    };
    conflict(one("first", 2), Some(1));
    store_new(storage, one("first", 1));
    // It exists already.
    conflict(one("first", 2), None);
    conflict(one("second", 2), None);
    store_over(storage, one("second", 2), 1);
    assert_eq!(T::one(storage, &id(0x600)), Some(one("second", 2)));
    conflict(one("third", 3), Some(1));
    conflict(one("third", 4), Some(3));
    assert!(T::delete(storage, id(0x600)));
    conflict(one("third", 3), Some(2));
    store_new(storage, one("third", 3));
}

/// See `is_changed_only_by_who_has_seen_it`.
pub(crate) fn a_role_is_changed_only_by_who_has_seen_it(storage: &impl Storage) {
    is_changed_only_by_who_has_seen_it::<Role>(storage);
}

/// See `is_changed_only_by_who_has_seen_it`.
pub(crate) fn a_permission_is_changed_only_by_who_has_seen_it(storage: &impl Storage) {
    is_changed_only_by_who_has_seen_it::<Permission>(storage);
}

/// A name in use is refused, compared byte by byte, for new ones and for changes.
fn a_taken_name_stores_nothing<T: Named>(storage: &impl Storage) {
    store_new(storage, T::new(0x600, "first", 1));
    store_new(storage, T::new(0x601, "second", 1));
    store_new(storage, T::new(0x602, "First", 1));
    let before = T::all(storage);
    let outcome = T::new(0x603, "first", 2).store(storage, None);
    assert_eq!(outcome, StoreOutcome::NameTaken);
    let outcome = T::new(0x601, "first", 2).store(storage, Some(at(1)));
    assert_eq!(outcome, StoreOutcome::NameTaken);
    assert_eq!(T::all(storage), before);
    // Its own name is not in use by another.
    store_over(storage, T::new(0x601, "second", 2), 1);
    assert!(T::delete(storage, id(0x600)));
    store_over(storage, T::new(0x601, "first", 3), 2);
}

/// See `a_taken_name_stores_nothing`; built-in names count too.
pub(crate) fn a_taken_role_name_stores_nothing(storage: &impl Storage) {
    a_taken_name_stores_nothing::<Role>(storage);
    let outcome = Role::new(0x610, "superadmin", 1).store(storage, None);
    assert_eq!(outcome, StoreOutcome::NameTaken);
}

/// See `a_taken_name_stores_nothing`; built-in names count too.
pub(crate) fn a_taken_permission_name_stores_nothing(storage: &impl Storage) {
    a_taken_name_stores_nothing::<Permission>(storage);
    let outcome = Permission::new(0x610, "*", 1).store(storage, None);
    assert_eq!(outcome, StoreOutcome::NameTaken);
}

/// The permissions of a built-in role can change, but not its name, its rank and whether it is built in.
pub(crate) fn a_built_in_role_keeps_its_name(storage: &impl Storage) {
    let before = Role::one(storage, &id(3)).unwrap();
    let renamed = Role {
        built_in: false,
        ..role(3, "helper", &["users:read", "audit:read"], 1)
    };
    let outcome = renamed.clone().store(storage, Some(before.updated_at));
    assert_eq!(outcome, StoreOutcome::Stored);
    let expected = Role {
        name: "moderator".to_owned(),
        built_in: true,
        rank: 100,
        permissions: names(&["audit:read", "users:read"]),
        ..renamed
    };
    assert_eq!(Role::one(storage, &id(3)), Some(expected));
    // The name that it did not get is free.
    store_new(storage, role(0x600, "helper", &[], 1));
    let built_in = Role {
        built_in: true,
        ..role(0x600, "helper", &[], 2)
    };
    store_over(storage, built_in, 1);
    assert_eq!(
        Role::one(storage, &id(0x600)),
        Some(role(0x600, "helper", &[], 2))
    );
}

/// The description of a built-in permission can change, but not its name and whether it is built in.
pub(crate) fn a_built_in_permission_keeps_its_name(storage: &impl Storage) {
    let before = Permission::one(storage, &id(0x102)).unwrap();
    let renamed = permission(0x102, "helpers:read", 1);
    let outcome = renamed.clone().store(storage, Some(before.updated_at));
    assert_eq!(outcome, StoreOutcome::Stored);
    let expected = Permission {
        name: "users:read".to_owned(),
        built_in: true,
        ..renamed
    };
    assert_eq!(Permission::one(storage, &id(0x102)), Some(expected));
    store_new(storage, permission(0x500, "helpers:read", 1));
    let built_in = Permission {
        built_in: true,
        ..permission(0x500, "helpers:read", 2)
    };
    store_over(storage, built_in, 1);
    let stored = Permission::one(storage, &id(0x500));
    assert_eq!(stored, Some(permission(0x500, "helpers:read", 2)));
    create(storage, with_role(1, "moderator"));
    assert_eq!(member(storage, 1).unwrap().permissions, ["users:read"]);
}

/// Of concurrent creations with one ID or one name, of changes of one, and of deletions exactly one succeeds.
fn one_of_many_concurrent_ones_wins<T: Named + Send>(storage: &(impl Storage + Sync)) {
    let there = T::all(storage).len();
    let race = |one: &(dyn Fn(u64) -> T + Sync), expected, lost| {
        let outcomes = concurrently(|caller| one(caller as u64).store(storage, expected));
        assert_eq!(times(&outcomes, StoreOutcome::Stored), 1, "{outcomes:?}");
        assert_eq!(times(&outcomes, lost), CALLERS - 1, "{outcomes:?}");
        let won = |outcome: &StoreOutcome| *outcome == StoreOutcome::Stored;
        let winner = one(outcomes.iter().position(won).unwrap() as u64);
        assert_eq!(T::one(storage, winner.id()), Some(winner));
    };
    let named = |caller: u64| format!("by {caller}");
    race(
        &|caller| T::new(0x600, &named(caller), 1),
        None,
        StoreOutcome::Conflict,
    );
    race(
        &|caller| T::new(0x600, &named(caller), 2),
        Some(at(1)),
        StoreOutcome::Conflict,
    );
    race(
        &|caller| T::new(0x700 + caller, "one", 1),
        None,
        StoreOutcome::NameTaken,
    );
    assert_eq!(T::all(storage).len(), there + 2);
    let deleted = concurrently(|_| T::delete(storage, id(0x600)));
    assert_eq!(times(&deleted, true), 1);
    assert_eq!(T::all(storage).len(), there + 1);
}

/// See `one_of_many_concurrent_ones_wins`.
pub(crate) fn one_of_many_concurrent_roles_wins(storage: &(impl Storage + Sync)) {
    one_of_many_concurrent_ones_wins::<Role>(storage);
}

/// See `one_of_many_concurrent_ones_wins`.
pub(crate) fn one_of_many_concurrent_permissions_wins(storage: &(impl Storage + Sync)) {
    one_of_many_concurrent_ones_wins::<Permission>(storage);
}

/// Users lose a deleted role, even if another with its name or ID is created later.
pub(crate) fn a_deleted_role_is_taken_from_everybody(storage: &impl Storage) {
    store_new(storage, role(0x600, "editor", &["users:read"], 1));
    let mut new = new_user(1, None, None);
    new.roles = names(&["editor", "user"]);
    create(storage, new);
    create(storage, with_role(2, "editor"));
    start(storage, session(10, 1), "first");
    let built_in = Role::all(storage).into_iter().filter(|role| role.built_in);
    for role in built_in {
        assert!(!Role::delete(storage, role.id.clone()));
        assert_eq!(Role::one(storage, &role.id), Some(role));
    }
    assert!(!Role::delete(storage, id(0x601)));
    assert!(Role::delete(storage, id(0x600)));
    assert!(!Role::delete(storage, id(0x600)));
    assert_eq!(Role::one(storage, &id(0x600)), None);
    let nobody_has_it = || {
        assert_eq!(roles(storage, 1), ["user"]);
        assert_eq!(roles(storage, 2), [""; 0]);
        assert_eq!(member(storage, 1).unwrap().permissions, [""; 0]);
        let active = find(storage, 10);
        assert_eq!(
            (active.roles, active.permissions),
            (names(&["user"]), vec![])
        );
        let query = UserQuery {
            role: Some("editor".to_owned()),
            ..everybody()
        };
        assert_eq!(listed(storage, &query), [0u64; 0]);
    };
    nobody_has_it();
    store_new(storage, role(0x600, "editor", &["users:read"], 2));
    nobody_has_it();
    let mut first = with_role(3, "editor");
    first.unless_role_assigned = Some("editor".to_owned());
    create(storage, first);
}

/// Roles lose a deleted permission, even if another with its name or ID is created later.
pub(crate) fn a_deleted_permission_is_taken_from_every_role(storage: &impl Storage) {
    store_new(storage, permission(0x500, "posts:write", 1));
    store_new(
        storage,
        role(0x600, "editor", &["posts:write", "users:read"], 1),
    );
    create(storage, with_role(1, "editor"));
    let built_in = Permission::all(storage)
        .into_iter()
        .filter(|one| one.built_in);
    for permission in built_in {
        assert!(!Permission::delete(storage, permission.id.clone()));
        assert_eq!(Permission::one(storage, &permission.id), Some(permission));
    }
    assert!(!Permission::delete(storage, id(0x501)));
    assert!(Permission::delete(storage, id(0x500)));
    assert!(!Permission::delete(storage, id(0x500)));
    assert_eq!(Permission::one(storage, &id(0x500)), None);
    let nothing_holds_it = || {
        assert_eq!(
            Role::one(storage, &id(0x600)).unwrap().permissions,
            ["users:read"]
        );
        assert_eq!(member(storage, 1).unwrap().permissions, ["users:read"]);
    };
    nothing_holds_it();
    store_new(storage, permission(0x500, "posts:write", 2));
    nothing_holds_it();
    assert_eq!(Role::one(storage, &id(2)).unwrap().permissions.len(), 8);
}
