//! Secrets and counters of credentials.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// A replacement that expects another secret changes nothing.
pub(crate) fn a_secret_is_replaced_only_if_it_is_the_expected_one(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let replace = |expected: &str, replacement: &str| {
        block_on(storage.replace_credential_secret(
            id(1001),
            expected.into(),
            replacement.into(),
            at(5),
        ))
        .unwrap()
    };
    assert!(!replace("another", "second"));
    assert!(replace("$argon2id$first", "second"));
    assert!(!replace("$argon2id$first", "third"));
    let account = block_on(storage.find_account(LoginName::Email("ada@example.com".into())))
        .unwrap()
        .unwrap();
    assert_eq!(account.credentials[0].secret, "second");
    assert_eq!(account.credentials[0].updated_at, at(5));
    assert!(
        !block_on(storage.replace_credential_secret(id(9), "second".into(), "x".into(), at(5)))
            .unwrap()
    );
}

/// Of concurrent replacements of one secret exactly one succeeds.
pub(crate) fn one_of_many_concurrent_replacements_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let replaced = concurrently(|caller| {
        let replacement = format!("by {caller}");
        block_on(storage.replace_credential_secret(
            id(1001),
            "$argon2id$first".into(),
            replacement,
            at(5),
        ))
        .unwrap()
    });
    let winners: Vec<_> = (0..CALLERS).filter(|caller| replaced[*caller]).collect();
    assert_eq!(winners.len(), 1);
    let account = block_on(storage.find_account(LoginName::Email("ada@example.com".into())))
        .unwrap()
        .unwrap();
    assert_eq!(account.credentials[0].secret, format!("by {}", winners[0]));
}

/// A counter that is not greater than the last one is refused.
pub(crate) fn a_counter_only_moves_forward(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let accept = |number, counter| {
        block_on(storage.accept_counter(id(number), counter, at(counter))).unwrap()
    };
    assert!(accept(1001, 5));
    assert!(!accept(1001, 5));
    assert!(!accept(1001, 4));
    assert!(accept(1001, 7));
    assert!(!accept(1002, 8));
    let credential = account(storage, 1).credentials.remove(0);
    assert_eq!(
        (credential.counter, credential.last_used_at),
        (Some(7), Some(at(7)))
    );
}

/// Of concurrent calls with one counter exactly one is accepted.
pub(crate) fn one_of_many_concurrent_counters_is_accepted(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let accepted = concurrently(|_| block_on(storage.accept_counter(id(1001), 5, at(5))).unwrap());
    assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1);
}

/// Of concurrent deletions of one credential exactly one finds it.
pub(crate) fn one_of_many_concurrent_uses_of_a_credential_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let deleted = concurrently(|_| block_on(storage.delete_credential(id(1001), vec![])).unwrap());
    assert_eq!(deleted.iter().filter(|deleted| **deleted).count(), 1);
    assert!(account(storage, 1).credentials.is_empty());
}

/// For each kind the highest cost stays, independent of the order and the caller.
pub(crate) fn the_most_work_of_each_kind_stays(storage: &(impl Storage + Sync)) {
    let cost = |kind: &str, work: u64| PasswordCost {
        kind: kind.to_owned(),
        work,
        decoy: format!("{kind} {work}"),
    };
    let listed = || {
        let mut costs = block_on(storage.list_password_costs()).unwrap();
        costs.sort_by(|a, b| a.kind.cmp(&b.kind));
        costs
    };
    assert_eq!(listed(), []);
    let raise = |costs: Vec<PasswordCost>| {
        assert_eq!(block_on(storage.raise_password_costs(costs)), Ok(()));
    };
    raise(vec![]);
    raise(vec![cost("b", 5), cost("a", 1), cost("b", 7), cost("b", 6)]);
    assert_eq!(listed(), [cost("a", 1), cost("b", 7)]);
    raise(vec![cost("a", 1), cost("b", 3)]);
    assert_eq!(listed(), [cost("a", 1), cost("b", 7)]);
    concurrently(|caller| raise(vec![cost("a", 10 + caller as u64)]));
    assert_eq!(listed(), [cost("a", 9 + CALLERS as u64), cost("b", 7)]);
}
