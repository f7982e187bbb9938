//! Lists of users, page by page.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::at;

/// Returns a query for all users, by time of creation, as of second 5.
pub(crate) fn everybody() -> UserQuery {
    UserQuery {
        search: None,
        role: None,
        provider: None,
        verified: None,
        disabled: None,
        locked: None,
        created: TimeRange::default(),
        last_login: TimeRange::default(),
        order: UserOrder::CreatedAt,
        descending: false,
        after: None,
        limit: 500,
        now: at(5),
    }
}

pub(crate) fn search(prefix: &str) -> UserQuery {
    UserQuery {
        search: Some(prefix.to_owned()),
        ..everybody()
    }
}

pub(crate) fn page(storage: &impl Storage, query: UserQuery) -> UserPage {
    let limit = query.limit as usize;
    let page = block_on(storage.list_users(query)).unwrap();
    assert!(page.users.len() <= limit);
    page
}

pub(crate) fn number(member: &UserDetails) -> u64 {
    u64::from_str_radix(&member.account.user.id[24..], 16).unwrap()
}

/// Returns the numbers of all users that a query lists, page by page. Calls `between` after each page, with its users.
pub(crate) fn walk(
    storage: &impl Storage,
    query: &UserQuery,
    limit: u64,
    mut between: impl FnMut(&[u64]),
) -> Vec<u64> {
    let mut query = UserQuery {
        limit,
        ..query.clone()
    };
    let mut found = Vec::new();
    for _ in 0..1000 {
        let page = page(storage, query.clone());
        let numbers: Vec<_> = page.users.iter().map(number).collect();
        between(&numbers);
        found.extend(numbers);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return found,
        }
    }
    panic!("the pages have no end: {query:?}")
}

/// Returns the numbers of all users that a query lists, and checks that pages of any size give the same.
pub(crate) fn listed(storage: &impl Storage, query: &UserQuery) -> Vec<u64> {
    let all = walk(storage, query, 500, |_| {});
    for limit in [1, 2] {
        let paged = walk(storage, query, limit, |_| {});
        assert_eq!(paged, all, "in pages of {limit}: {query:?}");
    }
    all
}
