//! Deleting users.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// Sessions, tokens, secrets and keys of a deleted user are deleted, and the address becomes free.
pub(crate) fn a_deleted_user_leaves_nothing(storage: &impl Storage) {
    signed_in(storage);
    store_secret(storage, one_time_secret("a", 1), false);
    let mut named = new_user(3, Some("eve@example.com"), Some("eve"));
    named.search_terms = vec!["term".to_owned()];
    create(storage, named);
    let acting = Session {
        actor_id: Some(id(1)),
        ..session(30, 3)
    };
    start(storage, acting, "of an actor");
    let seen = member(storage, 3).unwrap().account.user.last_login_at;
    assert_eq!(seen, None, "who is acted as has not signed in");
    start(storage, session(31, 3), "of eve");
    start(storage, session(32, 1), "ended before");
    assert_eq!(
        block_on(storage.revoke_session(id(32), at(1), "logout".into(), vec![])),
        Ok(vec![id(32)])
    );
    let short = Session {
        expires_at: at(1),
        ..session(33, 1)
    };
    start(storage, short, "over");
    // An outdated version of the user.
    let stale = storage.delete_user(id(1), at(1_000_000), at(1), None, None, vec![]);
    assert_eq!(block_on(stale), Ok(DeleteUserOutcome::Conflict));
    assert_eq!(find(storage, 10).session.revoked_at, None);
    let DeleteUserOutcome::Deleted(mut ended) = delete(storage, 1) else {
        panic!("the user was not deleted");
    };
    ended.sort();
    assert_eq!(ended, [id(10), id(30)], "and none that had ended before");
    assert_eq!(delete(storage, 1), DeleteUserOutcome::Unknown);
    assert!(member(storage, 1).is_none());
    // The user's session as another user ends too.
    assert_eq!(block_on(storage.find_session(id(30))), Ok(None));
    assert_eq!(find(storage, 31).session.revoked_at, None);
    let by_id = block_on(storage.find_account(LoginName::Id(id(1))));
    assert!(by_id.unwrap().is_none());
    assert_eq!(block_on(storage.find_session(id(10))), Ok(None));
    assert_eq!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Unknown
    );
    assert_eq!(block_on(storage.find_one_time_secret("a".into())), Ok(None));
    create(storage, new_user(2, Some("ada@example.com"), None));

    assert_eq!(delete(storage, 3), DeleteUserOutcome::Deleted(vec![id(31)]));
    assert_eq!(listed(storage, &search("")), [2]);
    let mut named = new_user(3, None, Some("eve"));
    named.roles.clear();
    create(storage, named);
    let member = member(storage, 3).unwrap();
    assert_eq!(member.account.credentials.len(), 1);
    assert_eq!((member.roles.len(), member.permissions.len()), (0, 0));
    assert_eq!(listed(storage, &search("term")), [0u64; 0]);
}

/// Of concurrent deletions of one user exactly one succeeds.
pub(crate) fn one_of_many_concurrent_deletions_finds_the_user(storage: &(impl Storage + Sync)) {
    signed_in(storage);
    let outcomes = concurrently(|_| delete(storage, 1));
    let deleted = DeleteUserOutcome::Deleted(vec![id(10)]);
    assert_eq!(times(&outcomes, deleted), 1);
    assert_eq!(times(&outcomes, DeleteUserOutcome::Unknown), CALLERS - 1);
}

/// The last enabled holder of a role is not deleted, with nothing of theirs; other users can be.
pub(crate) fn the_last_holder_is_not_deleted(storage: &impl Storage) {
    let delete = |number, role| delete_seen(storage, number, role);
    create(storage, with_role(1, "superadmin"));
    create(storage, with_role(2, "superadmin"));
    let mut disabled = with_role(3, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled.clone());
    disabled = with_role(4, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled);
    create(storage, with_role(5, "user"));
    start(storage, session(10, 1), "first");
    store_secret(storage, one_time_secret("a", 1), false);
    let superadmin = Some("superadmin");
    assert_eq!(delete(9, superadmin), DeleteUserOutcome::Unknown);
    assert_eq!(delete(2, superadmin), DeleteUserOutcome::Deleted(vec![]));
    let before = member(storage, 1);
    // Disabled holders don't count.
    assert_eq!(delete(1, superadmin), DeleteUserOutcome::LastHolder);
    assert!(member(storage, 1) == before);
    assert_eq!(find(storage, 10).session.revoked_at, None);
    assert!(
        block_on(storage.find_one_time_secret("a".into()))
            .unwrap()
            .is_some()
    );
    assert_eq!(delete(3, superadmin), DeleteUserOutcome::Deleted(vec![]));
    assert_eq!(delete(5, superadmin), DeleteUserOutcome::Deleted(vec![]));
    assert_eq!(
        delete(1, Some("admin")),
        DeleteUserOutcome::Deleted(vec![id(10)])
    );
    // No enabled user has the role.
    assert_eq!(delete(4, superadmin), DeleteUserOutcome::Deleted(vec![]));
    create(storage, with_role(6, "superadmin"));
    assert_eq!(
        delete(6, Some("no such role")),
        DeleteUserOutcome::Deleted(vec![])
    );
    create(storage, with_role(7, "superadmin"));
    assert_eq!(delete(7, None), DeleteUserOutcome::Deleted(vec![]));
}
