//! Changes of users.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// Fields, keys, credentials, roles and sessions change together, or not at all if the caller saw an older user.
pub(crate) fn a_change_of_a_user_is_all_or_nothing(storage: &impl Storage) {
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
            email_proved_at: Some(at(4)),
            username: Some("Countess".to_owned()),
            display_name: None,
            profile: r#"{"team": 1}"#.to_owned(),
            disabled_at: None,
            locked_until: Some(at(9)),
            updated_at: at(5),
            // These two fields stay unchanged.
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
    assert!(active.second_factor && !find(storage, 20).second_factor);
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

    // A caller with the old user.
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
    // On request, the user's sessions as another user end too.
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

/// A change that requires a one-time secret happens together with its use or not at all.
pub(crate) fn a_change_uses_up_its_secret(storage: &impl Storage) {
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

/// A change invalidates the unused secrets of one purpose that were created since a time, except the one that it uses.
pub(crate) fn a_change_voids_later_secrets(storage: &impl Storage) {
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
        invalidates: Some(InvalidatedSecrets {
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

/// Of concurrent changes that saw the same user exactly one succeeds, with all its parts.
pub(crate) fn one_of_many_concurrent_changes_wins(storage: &(impl Storage + Sync)) {
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

/// A conflict names the key, and changes nothing.
pub(crate) fn a_change_to_a_taken_key_stores_nothing(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    create(storage, new_user(2, Some("bob@example.com"), Some("bob")));
    store_secret(storage, one_time_secret("a", 1), false);
    let ada = account(storage, 1).user;
    let to = |email: &str, name: &str| UserChange {
        username_key: Some(name.to_owned()),
        consumes: Some("a".to_owned()),
        deletes_credentials: vec!["password".to_owned()],
        ..with_address(change(&ada, 100, 5), Some(email))
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

/// Of concurrent changes of many users to one key exactly one succeeds.
pub(crate) fn one_of_many_concurrent_changes_gets_the_key(storage: &(impl Storage + Sync)) {
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
            let change = change(&user, seconds * 1000 + caller as u64, seconds);
            let change = UserChange {
                username_key: username.map(str::to_owned),
                ..with_address(change, email)
            };
            apply(storage, change)
        });
        assert_eq!(times(&outcomes, ChangeOutcome::Changed(vec![])), 1);
        assert_eq!(times(&outcomes, lost), CALLERS - 1);
    };
    race(5, Some("ada"), None, ChangeOutcome::EmailTaken);
    race(6, None, Some("ada"), ChangeOutcome::UsernameTaken);
}

/// After a change a user is found by the new terms only.
pub(crate) fn a_change_replaces_the_terms(storage: &impl Storage) {
    create(
        storage,
        known_by(1, Some("ada@example.com"), None, &["first", "both"]),
    );
    create(storage, known_by(2, None, None, &["first"]));
    let to = |number, seconds, terms: &[&str]| UserChange {
        search_terms: names(terms),
        ..change(&account(storage, 1).user, number, seconds)
    };
    let late = UserChange {
        expected_updated_at: at(1),
        ..to(99, 5, &["late"])
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    assert_eq!(listed(storage, &search("late")), [0u64; 0]);
    assert_eq!(listed(storage, &search("first")), [1, 2]);
    let moved = to(100, 5, &["both", "second"]);
    let moved = with_address(moved, Some("countess@example.com"));
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
    let cleared = with_address(to(101, 6, &[]), None);
    assert_eq!(apply(storage, cleared), ChangeOutcome::Changed(vec![]));
    assert_eq!(listed(storage, &search("")), [2]);
}

/// The key of an address changes only with the address, even if an earlier version derived it by another rule.
pub(crate) fn a_key_stays_with_its_address(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let ada = account(storage, 1).user;
    let same = UserChange {
        email_key: Some("bob@example.com".to_owned()),
        ..change(&ada, 101, 5)
    };
    let changed = block_on(storage.change_user(same));
    assert_eq!(changed, Ok(ChangeOutcome::Changed(vec![])));
    let by = |email: &str| {
        let name = LoginName::Email(email.to_owned());
        let found = block_on(storage.find_account(name)).unwrap();
        found.map(|account| account.user.id)
    };
    assert_eq!(by("ada@example.com"), Some(id(1)));
    assert_eq!(by("bob@example.com"), Some(id(2)));
    let ada = account(storage, 1).user;
    let moved = with_address(change(&ada, 102, 6), Some("bob@example.com"));
    let taken = block_on(storage.change_user(moved));
    assert_eq!(taken, Ok(ChangeOutcome::EmailTaken));
}
