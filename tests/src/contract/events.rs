//! Audit events that are stored together with the change that they tell of.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// A call that takes an event and can change something once. It returns whether it did.
type Call<'a> = Box<dyn Fn(AuditEvent) -> bool + Sync + 'a>;

/// Prepares storage, and returns a call of each function that takes events, with the function's name.
fn calls<'a>(storage: &'a (impl Storage + Sync)) -> Vec<(&'static str, Call<'a>)> {
    signed_in(storage);
    for number in [2, 3] {
        create(storage, new_user(number, None, None));
    }
    start(storage, session(11, 2), "of the second");
    store_new(storage, role(0x601, "edited", &["users:read"], 1));
    store_new(storage, role(0x602, "deleted", &[], 1));
    store_new(storage, permission(0x501, "edited:read", 1));
    store_new(storage, permission(0x502, "deleted:read", 1));
    calls_on(storage, None)
}

/// Returns the calls, with grounds where the function takes any.
fn calls_on<'a>(
    storage: &'a (impl Storage + Sync),
    grounds: Option<Grounds>,
) -> Vec<(&'static str, Call<'a>)> {
    let given = move || grounds.clone();
    let mut calls = on_users(storage, given.clone());
    calls.extend(on_access(storage, given.clone()));
    if given().is_none() {
        calls.extend(without_grounds(storage));
    }
    calls
}

fn on_users<'a>(
    storage: &'a (impl Storage + Sync),
    given: impl Fn() -> Option<Grounds> + Clone + Sync + 'a,
) -> Vec<(&'static str, Call<'a>)> {
    let (one, many, changing) = (given.clone(), given.clone(), given.clone());
    let before = account(storage, 2).user;
    vec![
        (
            "create-user",
            Box::new(move |event| {
                let new = NewUser {
                    grounds: one(),
                    events: vec![event],
                    ..new_user(50, Some("new@example.com"), None)
                };
                let created = block_on(storage.create_user(new)).unwrap();
                created == CreateUserOutcome::Created
            }),
        ),
        (
            "create-users",
            Box::new(move |event| {
                let change = format!("import {}", event.id);
                // The event of a user who is refused is not stored, even if another user of the list is.
                let refused = NewUser {
                    events: vec![AuditEvent {
                        id: format!("{} refused", event.id),
                        ..event.clone()
                    }],
                    ..new_user(1, None, None)
                };
                let new = NewUser {
                    events: vec![event],
                    ..new_user(51, None, None)
                };
                let created = storage.create_users(change, vec![refused, new], many());
                block_on(created).unwrap()[1] == CreateUserOutcome::Created
            }),
        ),
        (
            "change-user",
            Box::new(move |event| {
                let change = UserChange {
                    id: format!("change {}", event.id),
                    grounds: changing(),
                    events: vec![event],
                    ..change(&before, 0, 5)
                };
                matches!(apply(storage, change), ChangeOutcome::Changed(_))
            }),
        ),
        (
            "delete-user",
            Box::new(move |event| {
                let deleted = storage.delete_user(id(3), at(0), at(5), None, given(), vec![event]);
                matches!(block_on(deleted).unwrap(), DeleteUserOutcome::Deleted(_))
            }),
        ),
    ]
}

fn on_access<'a>(
    storage: &'a (impl Storage + Sync),
    given: impl Fn() -> Option<Grounds> + Clone + Sync + 'a,
) -> Vec<(&'static str, Call<'a>)> {
    let of_role = given.clone();
    let store_role = move |role, expected, event| {
        let stored = storage.store_role(role, expected, of_role(), vec![event]);
        block_on(stored).unwrap() == StoreOutcome::Stored
    };
    let change_role = store_role.clone();
    let of_permission = given.clone();
    let store_permission = move |permission, expected, event| {
        let stored = storage.store_permission(permission, expected, of_permission(), vec![event]);
        block_on(stored).unwrap() == StoreOutcome::Stored
    };
    let change_permission = store_permission.clone();
    let deleting_role = given.clone();
    vec![
        (
            "store-role",
            Box::new(move |event| store_role(role(0x600, "new", &["users:read"], 1), None, event)),
        ),
        (
            "store-role of an existing one",
            Box::new(move |event| change_role(role(0x601, "other", &[], 2), Some(at(1)), event)),
        ),
        (
            "delete-role",
            Box::new(move |event| {
                block_on(storage.delete_role(id(0x602), deleting_role(), vec![event])).unwrap()
            }),
        ),
        (
            "store-permission",
            Box::new(move |event| store_permission(permission(0x500, "new:read", 1), None, event)),
        ),
        (
            "store-permission of an existing one",
            Box::new(move |event| {
                change_permission(permission(0x501, "other:read", 2), Some(at(1)), event)
            }),
        ),
        (
            "delete-permission",
            Box::new(move |event| {
                block_on(storage.delete_permission(id(0x502), given(), vec![event])).unwrap()
            }),
        ),
    ]
}

fn without_grounds<'a>(storage: &'a (impl Storage + Sync)) -> Vec<(&'static str, Call<'a>)> {
    vec![
        (
            "add-signing-key",
            Box::new(move |event| {
                let key = StoredSigningKey {
                    kid: format!("key {}", event.id),
                    algorithm: "EdDSA".to_owned(),
                    public_jwk: "{}".to_owned(),
                    ciphertext: "sealed".to_owned(),
                    created_at: at(5),
                    retired_at: None,
                    expires_at: None,
                    emergency: false,
                };
                block_on(storage.add_signing_key(key, None, at(9), vec![event])).unwrap()
            }),
        ),
        (
            "start-session",
            Box::new(move |event| {
                let mut session = session(0, 1);
                session.id = format!("session {}", event.id);
                let new = NewSession {
                    session,
                    refresh_token: None,
                    credential: None,
                    identity: None,
                    ends_others: false,
                    continues: Some(id(10)),
                    replaces: vec![],
                    events: vec![event],
                };
                let started = block_on(storage.start_session(new)).unwrap();
                matches!(started, StartSessionOutcome::Started(_))
            }),
        ),
        (
            "delete-credential",
            Box::new(move |event| {
                block_on(storage.delete_credential(id(1002), vec![event])).unwrap()
            }),
        ),
        (
            "revoke-session",
            Box::new(move |event| {
                let reason = "logout".to_owned();
                let ended = storage.revoke_session(id(11), at(5), reason, vec![event]);
                !block_on(ended).unwrap().is_empty()
            }),
        ),
        (
            "revoke-sessions",
            Box::new(move |event| {
                let reason = "logout_all".to_owned();
                let ended = storage.revoke_sessions(id(1), None, at(5), reason, vec![event]);
                !block_on(ended).unwrap().is_empty()
            }),
        ),
    ]
}

/// Each function stores and counts its event with the change. A call that changes nothing stores none.
pub(crate) fn an_event_is_stored_with_the_change_it_tells_of(storage: &(impl Storage + Sync)) {
    let calls = calls(storage);
    let (mut told, mut counted_by_kind) = (vec![], vec![]);
    for (number, (name, call)) in calls.iter().enumerate() {
        let number = 10 + number as u64;
        assert!(call(event(number, name, 5)), "{name}");
        assert!(!call(event(100 + number, name, 5)), "{name}");
        told.insert(0, number);
        assert_eq!(audited_numbers(storage, &all_events()), told, "{name}");
        counted_by_kind.push(counted(name, "", 1));
        counted_by_kind.sort();
        assert_eq!(counts(storage), counted_by_kind, "{name}");
    }
}

/// A decision whose grounds have changed stores no event.
pub(crate) fn a_decision_without_its_grounds_stores_no_event(storage: &(impl Storage + Sync)) {
    let decided = calls(storage);
    let gone = Grounds {
        session: Some(id(99)),
        now: at(5),
        standings: vec![],
    };
    for (name, call) in calls_on(storage, Some(gone)) {
        assert!(!call(event(20, name, 5)), "{name}");
        assert_eq!(audited(storage, &all_events()), [], "{name}");
    }
    assert_eq!(counts(storage), []);
    // They change something otherwise.
    for (number, (name, call)) in decided.iter().enumerate() {
        assert!(call(event(30 + number as u64, name, 5)), "{name}");
    }
}

/// Every other reason to refuse a call stores no event.
pub(crate) fn a_refused_call_stores_no_event(storage: &(impl Storage + Sync)) {
    signed_in(storage);
    create(
        storage,
        known_by(2, Some("bob@example.com"), Some("bob"), &[]),
    );
    create(storage, identified(3, &["a"]));
    create(storage, with_role(4, "superadmin"));
    store_new(storage, role(0x600, "editor", &[], 1));
    store_new(storage, permission(0x500, "editor:read", 1));
    let told = || vec![event(20, "refused", 5)];
    let with = |new| NewUser {
        events: told(),
        ..new
    };
    let held = NewUser {
        unless_role_assigned: Some("superadmin".to_owned()),
        ..new_user(9, None, None)
    };
    for new in [
        new_user(1, None, None),
        new_user(9, Some("bob@example.com"), None),
        new_user(9, None, Some("bob")),
        identified(9, &["a"]),
        held,
    ] {
        let refused = block_on(storage.create_user(with(new))).unwrap();
        assert_ne!(refused, CreateUserOutcome::Created);
    }
    let ada = || change(&account(storage, 1).user, 30, 5);
    let username_taken = UserChange {
        username_key: Some("bob".to_owned()),
        ..ada()
    };
    let without_secret = UserChange {
        consumes: Some("unknown".to_owned()),
        ..ada()
    };
    let last_holder = UserChange {
        removes_roles: names(&["superadmin"]),
        require_remaining_holder: Some("superadmin".to_owned()),
        ..change(&account(storage, 4).user, 30, 5)
    };
    for change in [
        with_address(ada(), Some("bob@example.com")),
        username_taken,
        without_secret,
        linking(storage, 1, "a", 30, 5),
        last_holder,
        change(&new_user(9, None, None).user, 30, 5),
    ] {
        let change = UserChange {
            events: told(),
            ..change
        };
        assert!(!matches!(apply(storage, change), ChangeOutcome::Changed(_)));
    }
    for number in [4, 9] {
        let keeps = Some("superadmin".to_owned());
        let refused = storage.delete_user(id(number), at(0), at(5), keeps, None, told());
        assert!(!matches!(
            block_on(refused).unwrap(),
            DeleteUserOutcome::Deleted(_)
        ));
    }
    let taken = storage.store_role(role(0x601, "editor", &[], 1), None, None, told());
    assert_eq!(block_on(taken), Ok(StoreOutcome::NameTaken));
    let taken = permission(0x501, "editor:read", 1);
    let taken = storage.store_permission(taken, None, None, told());
    assert_eq!(block_on(taken), Ok(StoreOutcome::NameTaken));
    let role = block_on(storage.list_roles()).unwrap();
    let built_in = role.into_iter().find(|role| role.built_in).unwrap();
    let refused = storage.delete_role(built_in.id, None, told());
    assert_eq!(block_on(refused), Ok(false));
    let all = block_on(storage.list_permissions()).unwrap();
    let built_in = all.into_iter().find(|one| one.built_in).unwrap();
    let refused = storage.delete_permission(built_in.id, None, told());
    assert_eq!(block_on(refused), Ok(false));
    let unknown = storage.delete_credential(id(9_999), told());
    assert_eq!(block_on(unknown), Ok(false));
    let unknown = storage.revoke_session(id(99), at(5), "logout".to_owned(), told());
    assert_eq!(block_on(unknown), Ok(vec![]));
    start(storage, expired(12, 3), "expired");
    let ended = storage.revoke_session(id(12), at(5), "logout".to_owned(), told());
    assert_eq!(block_on(ended), Ok(vec![]));
    for (user, except) in [(1, Some(id(10))), (3, None)] {
        let reason = "logout".to_owned();
        let ended = storage.revoke_sessions(id(user), except, at(5), reason, told());
        assert_eq!(block_on(ended), Ok(vec![]));
    }
    assert_eq!(audited(storage, &all_events()), []);
    assert_eq!(counts(storage), []);
}

/// Of concurrent calls only the one that changes something stores its event.
pub(crate) fn of_many_concurrent_calls_the_winner_stores_its_event(
    storage: &(impl Storage + Sync),
) {
    let calls = calls(storage);
    let mut winners = vec![];
    for (at, (name, call)) in calls.iter().enumerate() {
        let number = |caller| (1000 * (at + 1) + caller) as u64;
        let won = concurrently(|caller| call(event(number(caller), name, 5)));
        assert_eq!(times(&won, true), 1, "{name}");
        let winner = won.iter().position(|won| *won).unwrap();
        winners.insert(0, number(winner));
        assert_eq!(audited_numbers(storage, &all_events()), winners, "{name}");
        assert!(counts(storage).contains(&counted(name, "", 1)), "{name}");
    }
}

/// An event that is stored already is neither stored nor counted again, and the change is carried out.
pub(crate) fn a_stored_event_hinders_no_change(storage: &(impl Storage + Sync)) {
    let calls = calls(storage);
    let known = event(20, "known", 5);
    assert!(append(storage, known.clone()));
    for (name, call) in &calls {
        assert!(call(event(20, name, 6)), "{name}");
    }
    assert_eq!(audited(storage, &all_events()), [known]);
    assert_eq!(counts(storage), [counted("known", "", 1)]);
}
