//! New users.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// A stored user is returned unchanged, by either key.
pub(crate) fn a_user_is_found_by_every_key(storage: &impl Storage) {
    let mut stored = new_user(1, Some("ada@example.com"), Some("ada"));
    stored.user.disabled_at = Some(at(1));
    stored.user.locked_until = Some(at(2));
    stored.user.last_login_at = Some(at(3));
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
    // No database stores a null character in a key; PostgreSQL refuses it as a parameter.
    for text in ["", "ada\0", "\0"].map(String::from) {
        for name in [LoginName::Email, LoginName::Username, LoginName::Id] {
            let account = block_on(storage.find_account(name(text.clone())));
            assert!(account.unwrap().is_none());
        }
        assert!(block_on(storage.find_user(text)).unwrap().is_none());
    }
    let mut bare = new_user(2, Some("bob@example.com"), None);
    bare.credentials.clear();
    create(storage, bare);
    let account = block_on(storage.find_account(LoginName::Email("bob@example.com".into())))
        .unwrap()
        .unwrap();
    assert!(account.credentials.is_empty());
}

/// A conflict names the key, and leaves no user, credential or role behind.
pub(crate) fn a_taken_key_stores_nothing(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    // A user without keys conflicts with nobody.
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
pub(crate) fn one_of_many_concurrent_users_gets_the_key(storage: &(impl Storage + Sync)) {
    let race = |first: u64, email, username, lost| {
        let outcomes = concurrently(|caller| {
            let new = new_user(first + caller as u64, email, username);
            block_on(storage.create_user(new)).unwrap()
        });
        assert_eq!(times(&outcomes, CreateUserOutcome::Created), 1);
        assert_eq!(times(&outcomes, lost), CALLERS - 1);
    };
    let (email, username) = (Some("ada@example.com"), Some("ada"));
    race(1, email, None, CreateUserOutcome::EmailTaken);
    race(101, None, username, CreateUserOutcome::UsernameTaken);
}

/// Of concurrent calls with one ID exactly one is `created`, with all its parts.
pub(crate) fn one_of_many_concurrent_users_gets_the_identifier(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let caller = caller as u64;
        let mut new = new_user(1, Some(&format!("{caller:02}@example.com")), None);
        new.credentials[0].id = id(1000 + caller);
        new.search_terms = vec![format!("term {caller:02}")];
        block_on(storage.create_user(new)).unwrap()
    });
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 1);
    assert_eq!(times(&outcomes, CreateUserOutcome::IdTaken), CALLERS - 1);
    let won = |outcome: &CreateUserOutcome| *outcome == CreateUserOutcome::Created;
    let winner = outcomes.iter().position(won).unwrap() as u64;
    let credentials = account(storage, 1).credentials;
    assert_eq!(credentials.len(), 1);
    assert_eq!(credentials[0].id, id(1000 + winner));
    for caller in 0..CALLERS as u64 {
        for prefix in [format!("{caller:02}@"), format!("term {caller:02}")] {
            let found = page(storage, search(&prefix)).users;
            assert_eq!(found.len(), usize::from(caller == winner), "{prefix}");
        }
    }
}

/// Conflicts are reported in this order: the assigned role, the ID, the address, the user name.
pub(crate) fn the_first_reason_to_refuse_a_user_counts(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    let refused = |number, email, name, role: Option<&str>| {
        let mut new = new_user(number, Some(email), Some(name));
        new.credentials[0].id = id(2000);
        new.roles = names(&["verified"]);
        new.search_terms = names(&["term"]);
        new.unless_role_assigned = role.map(str::to_owned);
        block_on(storage.create_user(new)).unwrap()
    };
    for (number, email, name, role, outcome) in [
        (
            1,
            "ada@example.com",
            "ada",
            Some("user"),
            CreateUserOutcome::RoleAssigned,
        ),
        (
            1,
            "ada@example.com",
            "ada",
            Some("admin"),
            CreateUserOutcome::IdTaken,
        ),
        (
            1,
            "bob@example.com",
            "bob",
            None,
            CreateUserOutcome::IdTaken,
        ),
        (
            2,
            "ada@example.com",
            "ada",
            Some("admin"),
            CreateUserOutcome::EmailTaken,
        ),
        (
            2,
            "bob@example.com",
            "ada",
            Some("admin"),
            CreateUserOutcome::UsernameTaken,
        ),
    ] {
        assert_eq!(refused(number, email, name, role), outcome);
    }
    assert!(member(storage, 2).is_none());
    let member = member(storage, 1).unwrap();
    assert_eq!(member.account.credentials[0].id, id(1001));
    assert_eq!(
        (member.account.credentials.len(), member.roles),
        (1, names(&["user"]))
    );
    assert_eq!(listed(storage, &search("term")), [0u64; 0]);
}

/// `unless-held` stores nothing if any user has the role, disabled or not, and affects no other role.
pub(crate) fn nobody_is_created_where_the_role_is_held(storage: &impl Storage) {
    let unless = |number, role: &str| {
        let mut new = with_role(number, "superadmin");
        new.unless_role_assigned = Some(role.to_owned());
        new.search_terms = names(&["term"]);
        block_on(storage.create_user(new)).unwrap()
    };
    create(storage, with_role(1, "admin"));
    assert_eq!(unless(2, "no such role"), CreateUserOutcome::Created);
    assert_eq!(delete(storage, 2), DeleteUserOutcome::Deleted(vec![]));
    // Nobody has the role now.
    assert_eq!(unless(3, "superadmin"), CreateUserOutcome::Created);
    assert_eq!(unless(4, "superadmin"), CreateUserOutcome::RoleAssigned);
    let disabled = UserChange {
        user: User {
            disabled_at: Some(at(5)),
            ..change(&account(storage, 3).user, 100, 5).user
        },
        ..change(&account(storage, 3).user, 100, 5)
    };
    assert_eq!(apply(storage, disabled), ChangeOutcome::Changed(vec![]));
    assert_eq!(unless(4, "superadmin"), CreateUserOutcome::RoleAssigned);
    assert!(member(storage, 4).is_none());
    assert_eq!(listed(storage, &search("term")), [0u64; 0]);
    assert_eq!(unless(4, "moderator"), CreateUserOutcome::Created);
    assert_eq!(roles(storage, 4), ["superadmin"]);
}

/// Of concurrent creations that are `unless-held` the same role exactly one is `created`.
pub(crate) fn one_of_many_concurrent_users_is_the_first_holder(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let mut new = with_role(caller as u64 + 1, "superadmin");
        new.unless_role_assigned = Some("superadmin".to_owned());
        block_on(storage.create_user(new)).unwrap()
    });
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 1);
    assert_eq!(
        times(&outcomes, CreateUserOutcome::RoleAssigned),
        CALLERS - 1
    );
    assert_eq!(listed(storage, &everybody()).len(), 1);
}

/// Keys that look the same to people are different here.
pub(crate) fn keys_are_compared_byte_by_byte(storage: &impl Storage) {
    let keys = [
        "zoe",
        "Zoe",
        "zo\u{eb}",
        "zo\u{cb}",
        "zoe\u{308}",
        "zoe ",
        "z_e",
        "%",
    ];
    for (key, number) in keys.into_iter().zip(1..) {
        create(storage, new_user(number, Some(key), Some(key)));
    }
    for (key, number) in keys.into_iter().zip(1..) {
        for name in [
            LoginName::Email(key.into()),
            LoginName::Username(key.into()),
        ] {
            let found = block_on(storage.find_account(name)).unwrap().unwrap();
            assert_eq!(found.user.id, id(number), "{key}");
        }
    }
    for name in [
        LoginName::Email("ZOE".into()),
        LoginName::Username("ZOE".into()),
    ] {
        assert!(block_on(storage.find_account(name)).unwrap().is_none());
    }
}

/// Credentials as stored, and roles and permissions sorted and without duplicates.
pub(crate) fn a_member_comes_with_credentials_roles_and_permissions(storage: &impl Storage) {
    let mut new = new_user(1, Some("ada@example.com"), Some("ada"));
    new.roles = names(&["user", "moderator", "admin", "no such role"]);
    new.credentials.push(Credential {
        id: id(2001),
        kind: "totp".to_owned(),
        counter: Some(7),
        label: Some("telephone, zo\u{eb}".to_owned()),
        last_used_at: Some(at(3)),
        ..new.credentials[0].clone()
    });
    create(storage, new.clone());
    create(storage, with_role(2, "superadmin"));
    let found = member(storage, 1).unwrap();
    assert_eq!(found.account.user, new.user);
    let mut credentials = found.account.credentials;
    credentials.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(credentials == new.credentials);
    assert_eq!(found.roles, ["admin", "moderator", "user"]);
    let permissions = [
        "audit:read",
        "keys:read",
        "roles:read",
        "roles:write",
        "users:delete",
        "users:impersonate",
        "users:read",
        "users:write",
    ];
    assert_eq!(found.permissions, permissions);
    // A session returns the same.
    let active = start(storage, session(10, 1), "first");
    assert_eq!(
        (active.roles, active.permissions),
        (found.roles, found.permissions)
    );
    let mut bare = with_role(3, "user");
    bare.roles.clear();
    bare.credentials.clear();
    create(storage, bare);
    let found = member(storage, 3).unwrap();
    assert!(found.account.credentials.is_empty());
    assert_eq!((found.roles.len(), found.permissions.len()), (0, 0));
    assert!(member(storage, 9).is_none());
    let page = page(storage, everybody());
    for number in 1..=3 {
        assert!(page.users.get(number as usize - 1) == member(storage, number).as_ref());
    }
}
