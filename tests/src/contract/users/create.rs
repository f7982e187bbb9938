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

/// A user who is refused because of a stored user or an earlier one in the list doesn't affect later ones.
pub(crate) fn many_users_are_stored_each_on_its_own(storage: &impl Storage) {
    use CreateUserOutcome::{Created, EmailTaken, IdTaken, UsernameTaken};
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    let mut whole = new_user(2, Some("bob@example.com"), Some("bob"));
    whole.user.disabled_at = Some(at(1));
    whole.user.email_proved_at = Some(at(3));
    whole.user.last_login_at = Some(at(2));
    whole.roles = names(&["user", "no such role", "admin"]);
    whole.search_terms = names(&["builder"]);
    // Has no effect here.
    whole.unless_role_assigned = Some("user".to_owned());
    let refused = |number, email, name| {
        let mut new = new_user(number, email, name);
        new.credentials[0].id = id(2000 + number);
        new.roles = names(&["superadmin"]);
        new.search_terms = names(&["refused"]);
        new
    };
    let users = vec![
        refused(3, Some("ada@example.com"), Some("eve")),
        whole.clone(),
        // Because of a user in the list.
        refused(2, Some("dan@example.com"), None),
        refused(3, Some("bob@example.com"), None),
        refused(3, None, Some("bob")),
        refused(1, None, None),
        // The keys of a refused user stay free.
        new_user(3, Some("dan@example.com"), Some("eve")),
        new_user(4, None, None),
        new_user(5, None, None),
    ];
    assert_eq!(
        block_on(storage.create_users(id(900), users, None)).unwrap(),
        [
            EmailTaken,
            Created,
            IdTaken,
            EmailTaken,
            UsernameTaken,
            IdTaken,
            Created,
            Created,
            Created
        ]
    );
    let member = |number| member(storage, number).unwrap();
    let bob = member(2);
    assert_eq!(bob.account.user, whole.user);
    assert!(bob.account.credentials == whole.credentials);
    assert_eq!(bob.roles, ["admin", "user"]);
    for number in [1, 3] {
        assert_eq!(member(number).account.credentials.len(), 1);
        assert_eq!(member(number).roles, ["user"]);
    }
    assert_eq!(listed(storage, &search("builder")), [2]);
    assert_eq!(listed(storage, &search("refused")), [0u64; 0]);
    assert_eq!(listed(storage, &everybody()), [1, 2, 3, 4, 5]);
    let again = vec![whole, new_user(6, None, None)];
    let again = block_on(storage.create_users(id(902), again, None));
    assert_eq!(again.unwrap(), [IdTaken, Created]);
    assert!(
        block_on(storage.create_users(id(901), vec![], None))
            .unwrap()
            .is_empty()
    );
}

/// The maximum of one call and of one page, with all their parts.
pub(crate) fn five_hundred_users_are_stored_at_once(storage: &impl Storage) {
    let users = (1..=500).map(|number| {
        let email = format!("{number}@example.com");
        let mut new = new_user(number, Some(&email), Some(&format!("name {number}")));
        new.credentials[0].id = id(10_000 + number);
        new.search_terms = vec![format!("term {number}"), format!("word {number}")];
        new
    });
    let outcomes = block_on(storage.create_users(id(900), users.collect(), None)).unwrap();
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 500);
    let whole = |member: &UserDetails| {
        let credentials = &member.account.credentials;
        credentials.len() == 1
            && credentials[0].id == id(10_000 + number(member))
            && member.roles == ["user"]
    };
    for query in [everybody(), search("term ")] {
        let page = page(storage, query);
        assert!(page.users.iter().all(whole));
        let mut numbers: Vec<_> = page.users.iter().map(number).collect();
        numbers.sort();
        assert_eq!(numbers, (1..=500).collect::<Vec<_>>());
        assert!(page.next.is_none());
    }
    assert_eq!(listed(storage, &search("word 500")), [500]);
}

/// Of concurrent lists with the same addresses exactly one stores each address.
pub(crate) fn one_of_many_concurrent_lists_gets_each_key(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let caller = caller as u64;
        let users = (0..5).map(|number| {
            // Every list begins at another address.
            let email = format!("{}@example.com", (number + caller) % 5);
            new_user(1 + caller * 5 + number, Some(&email), None)
        });
        block_on(storage.create_users(id(900 + caller), users.collect(), None)).unwrap()
    })
    .concat();
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 5);
    let refused = times(&outcomes, CreateUserOutcome::EmailTaken);
    assert_eq!(refused, 5 * (CALLERS - 1));
    assert_eq!(listed(storage, &everybody()).len(), 5);
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
