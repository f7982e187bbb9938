//! Walks through all pages during concurrent changes.

use auth_core::storage::*;

use crate::contract::given::*;

/// Walks with one user per page while users are added, changed and deleted after every page, and expects users 1 to 8
/// once each. `user` creates a temporary user before, among or after those.
fn walk_among_others(
    storage: &impl Storage,
    query: &UserQuery,
    numbers: &mut impl Iterator<Item = u64>,
    user: impl Fn(u64) -> NewUser,
) {
    let mut others: Vec<u64> = Vec::new();
    let mut pages = 0;
    let found = walk(storage, query, 1, |page| {
        pages += 1;
        // One is deleted and one moves; each time it is the one on this page, if it is a temporary user.
        let was_here = page.iter().copied().find(|number| *number > 8);
        let (first, last) = (others.first().copied(), others.last().copied());
        let (leaves, moves) = match pages % 2 {
            0 => (was_here.or(first), last),
            _ => (first, was_here.or(last)),
        };
        if let Some(leaves) = leaves {
            assert_eq!(delete(storage, leaves), DeleteUserOutcome::Deleted(vec![]));
            others.retain(|other| *other != leaves);
        }
        if pages > 12 {
            return;
        }
        if let (Some(moves), Some(number)) =
            (moves.filter(|moves| leaves != Some(*moves)), numbers.next())
        {
            let elsewhere = user(number);
            let moved = UserChange {
                email_key: elsewhere.email_key,
                username_key: elsewhere.username_key,
                search_terms: elsewhere.search_terms,
                ..change(&account(storage, moves).user, number, number)
            };
            assert_eq!(apply(storage, moved), ChangeOutcome::Changed(vec![]));
        }
        let coming: Vec<_> = numbers.by_ref().take(3).collect();
        create_all(storage, coming.iter().map(|number| user(*number)));
        others.extend(coming);
    });
    let mut stayed: Vec<_> = found.into_iter().filter(|number| *number <= 8).collect();
    stayed.sort();
    assert_eq!(stayed, (1..=8).collect::<Vec<_>>(), "{query:?}");
    for number in others {
        assert_eq!(delete(storage, number), DeleteUserOutcome::Deleted(vec![]));
    }
}

/// An unchanged user is listed exactly once in a walk in any order.
pub(crate) fn a_walk_lists_everybody_once_whoever_comes_and_goes(storage: &impl Storage) {
    let users = (1..=8).map(|number| {
        let key = format!("m{number}");
        // Some have no address, some no name, and some are equal to others.
        let email = (number % 3 > 0).then_some(key.as_str());
        let name = (number % 4 > 0).then_some(key.as_str());
        let mut new = new_user(number, email, name);
        new.user.created_at = at(10 + number / 2);
        new.user.last_login_at = (number % 3 > 0).then(|| at(10 + number / 3));
        new
    });
    create_all(storage, users);
    let coming = |number| {
        let (first, seconds) = [("a", 1), ("m5", 12), ("z", 99), ("", 12)][number as usize % 4];
        let key = format!("{first}{number}");
        let key = (!first.is_empty()).then_some(key.as_str());
        let mut new = new_user(number, key, key);
        new.credentials.clear();
        new.user.created_at = at(seconds);
        new.user.last_login_at = key.map(|_| at(seconds));
        new
    };
    let mut numbers = 10_000..;
    for order in [
        UserOrder::CreatedAt,
        UserOrder::LastLoginAt,
        UserOrder::Email,
        UserOrder::Username,
    ] {
        for descending in [false, true] {
            let query = UserQuery {
                order,
                descending,
                ..everybody()
            };
            walk_among_others(storage, &query, &mut numbers, coming);
        }
    }
}

/// An unchanged user is listed exactly once in a walk through a search.
pub(crate) fn a_walk_through_a_search_lists_everybody_once_whoever_comes_and_goes(
    storage: &impl Storage,
) {
    let users = (1..=8).map(|number| {
        let key = format!("am{number}");
        // Some match in several ways, and some by the same term.
        let email = (number % 3 == 0).then_some(key.as_str());
        let name = (number % 3 == 1 || number == 6).then_some(key.as_str());
        known_by(number, email, name, &["am", "an", "b"])
    });
    create_all(storage, users);
    let coming = |number| {
        let first = ["aa", "am", "az", "b"][number as usize % 4];
        let key = format!("{first}{number}");
        let email = (number % 5 == 0).then_some(key.as_str());
        let name = (number % 3 == 0).then_some(key.as_str());
        let mut new = known_by(number, email, name, &[first, &key]);
        new.credentials.clear();
        new
    };
    let mut numbers = 10_000..;
    for _ in 0..3 {
        walk_among_others(storage, &search("a"), &mut numbers, coming);
    }
}
