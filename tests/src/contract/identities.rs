//! Identities: who has them, and how they change hands.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// A stored identity is returned unchanged with its user, by issuer and subject alone.
pub(crate) fn an_identity_finds_its_user(storage: &impl Storage) {
    let mut stored = identified(1, &["later", "b", "a"]);
    stored.user.disabled_at = Some(at(1));
    stored.identities[0].created_at = at(2);
    stored.identities[1] = Identity {
        issuer: "https://other.example".to_owned(),
        last_used_at: Some(at(3)),
        tokens: Some("sealed".to_owned()),
        email: None,
        label: None,
        ..identity(1, "b")
    };
    create(storage, stored.clone());
    create(storage, identified(2, &["B", "b", "a ", ""]));
    for identity in &stored.identities {
        let (issuer, subject) = (identity.issuer.clone(), identity.subject.clone());
        let found = block_on(storage.find_identity(issuer, subject)).unwrap();
        let found = found.unwrap();
        assert_eq!(found.account.user, stored.user);
        assert!(found.account.credentials == stored.credentials);
        assert!(found.identity == *identity);
    }
    for (subject, user) in [("B", 2), ("b", 2), ("a ", 2), ("", 2), ("a", 1)] {
        assert_eq!(owner(storage, subject), Some(user), "{subject}");
    }
    assert_eq!(owner(storage, "A"), None);
    let other = storage.find_identity("https://ACCOUNTS.example.com".into(), "a".into());
    assert!(block_on(other).unwrap().is_none());

    // By time, then by issuer and subject.
    assert_eq!(subjects(storage, 1), ["a", "b", "later"]);
    assert_eq!(subjects(storage, 2), ["", "B", "a ", "b"]);
    assert_eq!(subjects(storage, 3), [""; 0]);
    let mut listed = block_on(storage.list_identities(id(1))).unwrap();
    assert_eq!(listed[1].tokens.as_deref(), Some("sealed"));
    listed[1].tokens = None;
    assert!(member(storage, 1).unwrap().identities == listed);
    let all = page(storage, everybody()).users;
    assert!(all[0].identities == listed && all[1].identities.len() == 4);
    // No key of the user was involved.
    let mut bare = identified(4, &["bare"]);
    bare.credentials.clear();
    create(storage, bare);
    let found = find_identity(storage, "bare").unwrap();
    assert!(found.account.credentials.is_empty());
}

/// An identity that a user has is refused, together with everything else of the call.
pub(crate) fn a_taken_identity_stores_nothing(storage: &impl Storage) {
    let mut first = identified(1, &["a", "b"]);
    first.email_key = Some("ada@example.com".to_owned());
    create(storage, first);
    create(storage, new_user(2, None, None));
    let new = |email: &str| {
        let mut new = identified(3, &["c", "b"]);
        new.user.email = Some(email.to_owned());
        new.email_key = Some(email.to_owned());
        new.search_terms = names(&["term"]);
        block_on(storage.create_user(new)).unwrap()
    };
    assert_eq!(new("ada@example.com"), CreateUserOutcome::EmailTaken);
    assert_eq!(new("eve@example.com"), CreateUserOutcome::IdentityTaken);
    assert!(member(storage, 3).is_none());
    assert_eq!(owner(storage, "c"), None);
    assert_eq!(listed(storage, &search("")), [1]);

    let to = |user, subjects: &[&str], number| UserChange {
        adds_identities: subjects
            .iter()
            .map(|subject| identity(user, subject))
            .collect(),
        adds_roles: names(&["verified"]),
        ..change(&account(storage, user).user, number, 5)
    };
    let taken = ChangeOutcome::IdentityTaken;
    assert_eq!(apply(storage, to(2, &["c", "b"], 101)), taken);
    // Also by the same user, and if the change removes it.
    assert_eq!(apply(storage, to(1, &["b"], 102)), taken);
    let again = UserChange {
        removes_identities: vec![identity_key("b")],
        ..to(1, &["b"], 103)
    };
    assert_eq!(apply(storage, again), taken);
    // The reasons before it.
    let named = with_address(to(2, &["b"], 104), Some("ada@example.com"));
    assert_eq!(apply(storage, named), ChangeOutcome::EmailTaken);
    let late = UserChange {
        expected_updated_at: at(4),
        ..to(2, &["b"], 105)
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    assert_eq!(subjects(storage, 1), ["a", "b"]);
    assert_eq!(subjects(storage, 2), [""; 0]);
    for user in [1, 2] {
        assert_eq!(roles(storage, user), ["user"]);
        assert_eq!(account(storage, user).user.updated_at, at(0));
    }
}

/// Of a list, the first user with an identity gets it, or nobody if that user is refused.
pub(crate) fn many_identities_are_stored_each_once(storage: &impl Storage) {
    use CreateUserOutcome::{Created, EmailTaken, IdentityTaken};
    let known = |number, email: &str, subjects: &[&str]| NewUser {
        email_key: Some(email.to_owned()),
        ..identified(number, subjects)
    };
    create(storage, known(1, "ada@example.com", &["stored"]));
    let users = vec![
        known(2, "bob@example.com", &["a", "b"]),
        known(3, "eve@example.com", &["a"]),
        known(4, "ada@example.com", &["c"]),
        // The identity of a refused user, and the address of another.
        known(5, "dan@example.com", &["d", "c"]),
        known(6, "eve@example.com", &["e"]),
        known(7, "fay@example.com", &["f", "stored"]),
        identified(8, &["g"]),
        new_user(9, None, None),
    ];
    assert_eq!(
        block_on(storage.create_users(id(900), users, None)).unwrap(),
        [
            Created,
            IdentityTaken,
            EmailTaken,
            IdentityTaken,
            Created,
            IdentityTaken,
            Created,
            Created
        ]
    );
    // In a list of newcomers.
    let users = vec![identified(10, &["h"]), identified(11, &["i", "a"])];
    let outcomes = block_on(storage.create_users(id(901), users, None));
    assert_eq!(outcomes.unwrap(), [Created, IdentityTaken]);
    assert_eq!(listed(storage, &everybody()), [1, 2, 6, 8, 9, 10]);
    for (subject, user) in [
        ("stored", Some(1)),
        ("a", Some(2)),
        ("b", Some(2)),
        ("e", Some(6)),
        ("g", Some(8)),
        ("h", Some(10)),
        ("i", None),
        ("c", None),
        ("d", None),
        ("f", None),
    ] {
        assert_eq!(owner(storage, subject), user, "{subject}");
    }
}

/// A change links and unlinks identities of its user, and of nobody else.
pub(crate) fn an_identity_is_linked_and_unlinked(storage: &impl Storage) {
    create(storage, identified(1, &["a", "b"]));
    create(storage, identified(2, &["c"]));
    let both = UserChange {
        // Another user's, and nobody's.
        removes_identities: ["b", "c", "d"].map(identity_key).into(),
        ..linking(storage, 1, "e", 101, 5)
    };
    assert_eq!(apply(storage, both.clone()), ChangeOutcome::Changed(vec![]));
    assert_eq!(subjects(storage, 1), ["a", "e"]);
    assert_eq!(owner(storage, "c"), Some(2));
    // A caller with the old user.
    let late = UserChange {
        id: id(102),
        removes_identities: vec![identity_key("a")],
        adds_identities: vec![identity(1, "f")],
        ..both
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    assert_eq!(subjects(storage, 1), ["a", "e"]);
    // The identity is free now.
    let linked = linking(storage, 2, "b", 103, 6);
    assert_eq!(apply(storage, linked), ChangeOutcome::Changed(vec![]));
    assert_eq!(owner(storage, "b"), Some(2));
    // The same subject of another issuer is another identity.
    let mut other = linking(storage, 2, "a", 104, 7);
    other.adds_identities[0].issuer = "https://other.example".to_owned();
    assert_eq!(apply(storage, other), ChangeOutcome::Changed(vec![]));
    assert_eq!(owner(storage, "a"), Some(1));
    assert_eq!(subjects(storage, 2), ["b", "c", "a"]);
}

/// A use sets time and address, and finds no identity that is gone.
pub(crate) fn an_identity_is_used_while_it_is_there(storage: &impl Storage) {
    create(storage, identified(1, &["a", "b"]));
    assert!(use_identity(storage, "a", 5));
    assert!(!use_identity(storage, "A", 5));
    let wanted = Identity {
        email: Some("new@example.com".to_owned()),
        last_used_at: Some(at(5)),
        ..identity(1, "a")
    };
    assert!(find_identity(storage, "a").unwrap().identity == wanted);
    assert!(find_identity(storage, "b").unwrap().identity == identity(1, "b"));
    let without = storage.use_identity(ISSUER.into(), "a".into(), None, at(6));
    assert_eq!(block_on(without), Ok(true));
    assert_eq!(find_identity(storage, "a").unwrap().identity.email, None);
    // A use is no change of the user.
    assert_eq!(account(storage, 1).user.updated_at, at(0));
    let unlinked = unlinking(storage, 1, "a", 101, 7);
    assert_eq!(apply(storage, unlinked), ChangeOutcome::Changed(vec![]));
    assert!(!use_identity(storage, "a", 8));
    assert_eq!(owner(storage, "a"), None);
}

/// A replacement that expects other tokens changes nothing.
pub(crate) fn tokens_are_replaced_only_if_they_are_the_expected_ones(storage: &impl Storage) {
    create(storage, identified(1, &["a", "b"]));
    assert!(!replace_tokens(storage, "a", Some("first"), Some("x")));
    assert!(replace_tokens(storage, "a", None, Some("first")));
    assert!(!replace_tokens(storage, "a", None, Some("x")));
    assert!(!replace_tokens(storage, "none", None, Some("x")));
    assert!(replace_tokens(storage, "a", Some("first"), Some("second")));
    assert!(!replace_tokens(storage, "a", Some("first"), None));
    let tokens = |subject| find_identity(storage, subject).unwrap().identity.tokens;
    assert_eq!(tokens("a").as_deref(), Some("second"));
    assert_eq!(tokens("b"), None);
    // A use does not touch them.
    assert!(use_identity(storage, "a", 5));
    assert_eq!(tokens("a").as_deref(), Some("second"));
    assert!(replace_tokens(storage, "a", Some("second"), None));
    assert_eq!(tokens("a"), None);
}

/// Identities of a deleted user are deleted, and free for others.
pub(crate) fn a_deleted_user_leaves_no_identity(storage: &impl Storage) {
    create(storage, identified(1, &["a", "b"]));
    create(storage, identified(2, &["c"]));
    assert_eq!(delete(storage, 1), DeleteUserOutcome::Deleted(vec![]));
    assert_eq!(owner(storage, "a"), None);
    assert!(!use_identity(storage, "b", 5));
    assert!(!replace_tokens(storage, "a", None, Some("x")));
    create(storage, identified(1, &["b"]));
    assert_eq!(subjects(storage, 1), ["b"]);
    assert_eq!(owner(storage, "c"), Some(2));
    let linked = linking(storage, 2, "a", 101, 5);
    assert_eq!(apply(storage, linked), ChangeOutcome::Changed(vec![]));
}

/// The filter lists each user with an identity of the provider once.
pub(crate) fn users_are_listed_by_their_provider(storage: &impl Storage) {
    for (number, providers) in [
        (1, vec!["example", "other", "example"]),
        (2, vec![]),
        (3, vec!["other"]),
        (4, vec!["example"]),
    ] {
        let mut new = identified(number, &[]);
        new.email_key = Some(format!("user{number}@example.com"));
        for (provider, place) in providers.into_iter().zip(0..) {
            new.identities.push(Identity {
                provider: provider.to_owned(),
                ..identity(number, &format!("{number} {place}"))
            });
        }
        create(storage, new);
    }
    let of = |provider: &str| UserQuery {
        provider: Some(provider.to_owned()),
        ..everybody()
    };
    assert_eq!(listed(storage, &of("example")), [1, 4]);
    assert_eq!(listed(storage, &of("other")), [1, 3]);
    assert_eq!(listed(storage, &of("Other")), [0u64; 0]);
    let searched = UserQuery {
        search: Some("user".to_owned()),
        ..of("example")
    };
    assert_eq!(listed(storage, &searched), [1, 4]);
    let turned = UserQuery {
        order: UserOrder::Email,
        descending: true,
        ..of("other")
    };
    assert_eq!(listed(storage, &turned), [3, 1]);
    let none = UserQuery {
        role: Some("admin".to_owned()),
        ..of("example")
    };
    assert_eq!(listed(storage, &none), [0u64; 0]);
    let unlinked = unlinking(storage, 4, "4 0", 101, 5);
    assert_eq!(apply(storage, unlinked), ChangeOutcome::Changed(vec![]));
    assert_eq!(listed(storage, &of("example")), [1]);
}

/// Starts a session of user 1 that rests on an identity.
fn start_by(storage: &impl Storage, number: u64, subject: &str) -> bool {
    let new = NewSession {
        session: session(number, 1),
        refresh_token: None,
        credential: None,
        identity: Some(identity_key(subject)),
        ends_others: false,
        continues: None,
        replaces: Vec::new(),
        events: vec![],
    };
    matches!(
        block_on(storage.start_session(new)).unwrap(),
        StartSessionOutcome::Started(_)
    )
}

/// A sign-in fails if its identity is unlinked, or belongs to another user, before its session starts.
pub(crate) fn a_session_rests_on_its_identity(storage: &impl Storage) {
    create(storage, identified(1, &["a"]));
    create(storage, identified(2, &["b"]));
    assert!(start_by(storage, 10, "a"));
    assert!(!start_by(storage, 11, "b"));
    assert!(!start_by(storage, 11, "none"));
    let unlinked = unlinking(storage, 1, "a", 101, 5);
    assert_eq!(
        apply(storage, unlinked),
        ChangeOutcome::Changed(vec![id(10)])
    );
    assert!(!start_by(storage, 11, "a"));
    let linked = linking(storage, 2, "a", 102, 6);
    assert_eq!(apply(storage, linked), ChangeOutcome::Changed(vec![]));
    assert!(!start_by(storage, 11, "a"));
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
}

/// Of concurrent creations with one identity exactly one is `created`: two first sign-ins at once make one account.
pub(crate) fn one_of_many_concurrent_users_gets_the_identity(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let new = identified(caller as u64 + 1, &[&format!("own {caller:02}"), "a"]);
        match caller % 2 {
            0 => block_on(storage.create_user(new)).unwrap(),
            _ => {
                let list = storage.create_users(id(900 + caller as u64), vec![new], None);
                block_on(list).unwrap()[0]
            }
        }
    });
    let created = CreateUserOutcome::Created;
    let winner = outcomes.iter().position(|outcome| *outcome == created);
    let winner = winner.unwrap();
    assert_eq!(times(&outcomes, created), 1);
    assert_eq!(
        times(&outcomes, CreateUserOutcome::IdentityTaken),
        CALLERS - 1
    );
    let number = winner as u64 + 1;
    assert_eq!(listed(storage, &everybody()), [number]);
    assert_eq!(owner(storage, "a"), Some(number));
    for caller in 0..CALLERS {
        let own = owner(storage, &format!("own {caller:02}"));
        assert_eq!(own.is_some(), caller == winner);
    }
}

/// Of concurrent links of one identity, and creations with it, exactly one gets it.
pub(crate) fn one_of_many_concurrent_links_wins(storage: &(impl Storage + Sync)) {
    for number in 1..=CALLERS as u64 {
        create(storage, new_user(number, None, None));
    }
    // Each for another user, or for a new one.
    let won = concurrently(|caller| {
        let number = caller as u64 + 1;
        if caller % 4 == 0 {
            let created = block_on(storage.create_user(identified(100 + number, &["a"])));
            return match created.unwrap() {
                CreateUserOutcome::Created => Some(100 + number),
                CreateUserOutcome::IdentityTaken => None,
                outcome => panic!("{outcome:?}"),
            };
        }
        match apply(storage, linking(storage, number, "a", 200 + number, 5)) {
            ChangeOutcome::Changed(_) => Some(number),
            ChangeOutcome::IdentityTaken => None,
            outcome => panic!("{outcome:?}"),
        }
    });
    let winners: Vec<u64> = won.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(owner(storage, "a"), Some(winners[0]));
    assert_eq!(subjects(storage, winners[0]), ["a"]);

    // All for one user, who has seen the same state.
    create(storage, new_user(99, None, None));
    let outcomes = concurrently(|caller| {
        let linked = linking(storage, 99, "b", 300 + caller as u64, 5);
        let expected_updated_at = at(0);
        apply(
            storage,
            UserChange {
                expected_updated_at,
                ..linked
            },
        )
    });
    assert_eq!(times(&outcomes, ChangeOutcome::Changed(vec![])), 1);
    assert_eq!(times(&outcomes, ChangeOutcome::Conflict), CALLERS - 1);
    assert_eq!(subjects(storage, 99), ["b"]);
}

/// An identity that is unlinked during sign-ins stays gone, and no session that rests on it goes on.
pub(crate) fn an_unlinked_identity_is_not_used(storage: &(impl Storage + Sync)) {
    create(storage, identified(1, &["a", "b"]));
    let unlinked = unlinking(storage, 1, "a", 101, 5);
    let started = concurrently(|caller| {
        let number = 10 + caller as u64;
        match caller {
            0 => {
                let outcome = apply(storage, unlinked.clone());
                assert!(matches!(outcome, ChangeOutcome::Changed(_)));
                None
            }
            _ if caller % 3 == 0 => {
                replace_tokens(storage, "a", None, Some("x"));
                None
            }
            _ => {
                let used = use_identity(storage, "a", number) && start_by(storage, number, "a");
                used.then_some(number)
            }
        }
    });
    assert_eq!(owner(storage, "a"), None);
    assert_eq!(subjects(storage, 1), ["b"]);
    assert!(!use_identity(storage, "a", 50) && !start_by(storage, 50, "a"));
    for number in started.into_iter().flatten() {
        let ended = find(storage, number).session.revocation_reason;
        assert_eq!(ended.as_deref(), Some("identity_unlinked"));
    }
}

/// Of concurrent replacements of the same tokens exactly one succeeds.
pub(crate) fn one_of_many_concurrent_token_replacements_wins(storage: &(impl Storage + Sync)) {
    create(storage, identified(1, &["a"]));
    let replaced = concurrently(|caller| {
        let replacement = format!("by {caller}");
        replace_tokens(storage, "a", None, Some(&replacement))
    });
    let winners: Vec<_> = (0..CALLERS).filter(|caller| replaced[*caller]).collect();
    assert_eq!(winners.len(), 1);
    let tokens = find_identity(storage, "a").unwrap().identity.tokens;
    assert_eq!(tokens, Some(format!("by {}", winners[0])));
}
