//! Pages of the list of users, in every order and with every filter.

use auth_core::storage::*;

use crate::contract::given::*;

/// By each of the four keys, ascending and descending; missing values come first, and ties are ordered by ID.
pub(crate) fn users_are_listed_in_every_order(storage: &impl Storage) {
    for (number, email, name, created, last) in [
        (1, Some("b@x"), Some("m"), 2, None),
        (2, None, Some("a"), 1, Some(3)),
        (3, Some("a@x"), None, 2, Some(1)),
        (4, None, None, 3, None),
        (5, Some("c@x"), Some("z"), 1, Some(3)),
        (6, None, None, 2, None),
    ] {
        let mut new = new_user(number, email, name);
        new.user.created_at = at(created);
        new.user.last_login_at = last.map(at);
        create(storage, new);
    }
    for (order, expected) in [
        (UserOrder::CreatedAt, [2, 5, 1, 3, 6, 4]),
        (UserOrder::LastLoginAt, [1, 4, 6, 3, 2, 5]),
        (UserOrder::Email, [2, 4, 6, 3, 1, 5]),
        (UserOrder::Username, [3, 4, 6, 2, 1, 5]),
    ] {
        let mut query = UserQuery {
            order,
            ..everybody()
        };
        assert_eq!(listed(storage, &query), expected, "{order:?}");
        query.descending = true;
        let mut turned = expected;
        turned.reverse();
        assert_eq!(listed(storage, &query), turned, "{order:?} downwards");
    }
}

/// Times are compared as numbers of any length, and so is the position of a page.
pub(crate) fn users_are_listed_by_the_size_of_a_time(storage: &impl Storage) {
    for (number, millis) in [(1, 1000), (2, 999), (3, (1 << 53) - 1), (4, 0), (5, 10_000)] {
        let mut new = new_user(number, None, None);
        new.user.created_at = Timestamp::from_millis(millis);
        new.user.last_login_at = Some(Timestamp::from_millis(millis));
        create(storage, new);
    }
    for order in [UserOrder::CreatedAt, UserOrder::LastLoginAt] {
        let mut query = UserQuery {
            order,
            limit: 2,
            ..everybody()
        };
        assert_eq!(listed(storage, &query), [4, 2, 1, 5, 3]);
        let first = page(storage, query.clone());
        assert_eq!(first.users.iter().map(number).collect::<Vec<_>>(), [4, 2]);
        query.descending = true;
        assert_eq!(listed(storage, &query), [3, 5, 1, 2, 4]);
    }
}

/// Different letters are never equal, and the order is that of UTF-8.
pub(crate) fn users_are_listed_by_the_bytes_of_a_key(storage: &impl Storage) {
    let keys = [
        "\u{1f98a}",
        "b",
        "\u{fb00}",
        "B",
        "\u{e9}",
        "a",
        "_",
        "e\u{301}",
        "ab",
    ];
    for (key, number) in keys.into_iter().zip(1..) {
        create(storage, new_user(number, Some(key), Some(key)));
    }
    for order in [UserOrder::Email, UserOrder::Username] {
        let mut query = UserQuery {
            order,
            ..everybody()
        };
        assert_eq!(listed(storage, &query), [4, 7, 6, 9, 2, 8, 5, 3, 1]);
        query.descending = true;
        assert_eq!(listed(storage, &query), [1, 3, 5, 8, 2, 9, 6, 7, 4]);
    }
}

/// A page names a next page only if more users follow.
pub(crate) fn the_last_page_of_users_says_so(storage: &impl Storage) {
    assert!(page(storage, everybody()).users.is_empty());
    assert_eq!(page(storage, everybody()).next, None);
    assert_eq!(page(storage, search("a")).next, None);
    for number in 1..=4 {
        create(storage, new_user(number, Some(&format!("a{number}")), None));
    }
    let query = |order, search: Option<&str>, limit, after| UserQuery {
        search: search.map(str::to_owned),
        order,
        limit,
        after,
        ..everybody()
    };
    for (order, search) in [
        (UserOrder::CreatedAt, None),
        (UserOrder::LastLoginAt, None),
        (UserOrder::Email, None),
        (UserOrder::Username, None),
        (UserOrder::Username, Some("a")),
    ] {
        let first = page(storage, query(order, search, 2, None));
        assert_eq!(first.users.iter().map(number).collect::<Vec<_>>(), [1, 2]);
        let last = page(storage, query(order, search, 2, first.next));
        assert_eq!(last.users.iter().map(number).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(last.next, None);
        assert_eq!(page(storage, query(order, search, 4, None)).next, None);
    }
}

/// Each filter alone, at its limits, and all of them together.
pub(crate) fn users_are_listed_by_each_filter(storage: &impl Storage) {
    for (number, role, verified, disabled, locked, created, last) in [
        (1, "admin", Some(1), None, None, 1, Some(1)),
        (2, "user", None, Some(1), Some(4), 2, None),
        (3, "admin", None, None, Some(5), 3, Some(3)),
        (4, "user", Some(9), Some(9), Some(6), 4, Some(4)),
        (5, "moderator", None, None, Some(7), 5, None),
    ] {
        let mut new = with_role(number, role);
        new.user.email_verified_at = verified.map(at);
        new.user.disabled_at = disabled.map(at);
        new.user.locked_until = locked.map(at);
        new.user.created_at = at(created);
        new.user.last_login_at = last.map(at);
        create(storage, new);
    }
    // A user with two roles is listed by either, once.
    let mut both = with_role(6, "admin");
    both.roles = names(&["admin", "user"]);
    both.user.created_at = at(6);
    create(storage, both);
    let with = |set: fn(&mut UserQuery)| {
        let mut query = everybody();
        set(&mut query);
        let numbers = listed(storage, &query);
        query.descending = true;
        let mut turned = listed(storage, &query);
        turned.reverse();
        assert_eq!(turned, numbers, "{query:?}");
        numbers
    };
    fn range(begin: Option<u64>, end: Option<u64>) -> TimeRange {
        TimeRange {
            begin: begin.map(at),
            end: end.map(at),
        }
    }
    let none = [0u64; 0];
    assert_eq!(with(|query| query.role = Some("admin".into())), [1, 3, 6]);
    assert_eq!(with(|query| query.role = Some("user".into())), [2, 4, 6]);
    assert_eq!(with(|query| query.role = Some("premium".into())), none);
    assert_eq!(with(|query| query.role = Some("no such role".into())), none);
    assert_eq!(with(|query| query.verified = Some(true)), [1, 4]);
    assert_eq!(with(|query| query.verified = Some(false)), [2, 3, 5, 6]);
    assert_eq!(with(|query| query.disabled = Some(true)), [2, 4]);
    assert_eq!(with(|query| query.disabled = Some(false)), [1, 3, 5, 6]);
    // As of second 5, until which the third user was locked.
    assert_eq!(with(|query| query.locked = Some(true)), [4, 5]);
    assert_eq!(with(|query| query.locked = Some(false)), [1, 2, 3, 6]);
    assert_eq!(
        with(|query| query.created = range(Some(2), None)),
        [2, 3, 4, 5, 6]
    );
    assert_eq!(
        with(|query| query.created = range(None, Some(4))),
        [1, 2, 3]
    );
    assert_eq!(
        with(|query| query.created = range(Some(2), Some(4))),
        [2, 3]
    );
    assert_eq!(with(|query| query.created = range(Some(4), Some(4))), none);
    assert_eq!(
        with(|query| query.last_login = range(Some(0), None)),
        [1, 3, 4]
    );
    assert_eq!(
        with(|query| query.last_login = range(None, Some(9))),
        [1, 3, 4]
    );
    assert_eq!(
        with(|query| query.last_login = range(Some(1), Some(4))),
        [1, 3]
    );
    let together = |query: &mut UserQuery| {
        query.role = Some("user".into());
        query.verified = Some(true);
        query.disabled = Some(true);
        query.locked = Some(true);
        query.created = range(Some(4), Some(5));
        query.last_login = range(Some(4), Some(5));
    };
    assert_eq!(with(together), [4]);
    let but_one = |query: &mut UserQuery| {
        query.role = Some("user".into());
        query.disabled = Some(true);
        query.verified = Some(false);
        query.created = range(None, Some(5));
    };
    assert_eq!(with(but_one), [2]);
}

/// Filters that match many users, and few of them: the same users in every order, up to the page's size.
pub(crate) fn filters_list_many_as_they_list_few(storage: &impl Storage) {
    const USERS: u64 = 2_400;
    let never = |number: u64| number.is_multiple_of(8);
    let locked = |number: u64| !number.is_multiple_of(9);
    for part in 0..6 {
        let users = (1 + part * 400..=(part + 1) * 400).map(|number| {
            let email = format!("many{number:04}@example.com");
            let mut new = new_user(number, Some(&email), None);
            new.user.created_at = at(number);
            new.user.last_login_at = (!never(number)).then(|| at(number));
            new.user.disabled_at = (number > 100).then(|| at(1));
            new.user.locked_until = locked(number).then(|| at(6));
            new.user.email_verified_at = (number > 2_390).then(|| at(1));
            let provider = if number <= 2_300 { "large" } else { "small" };
            new.identities = vec![Identity {
                provider: provider.to_owned(),
                ..identity(number, &email)
            }];
            new.roles = names(if number <= 2_300 {
                &["admin"]
            } else {
                &["user"]
            });
            new
        });
        create_all(storage, users);
    }
    type Set = fn(&mut UserQuery);
    let filters: [(Set, &dyn Fn(u64) -> bool); 11] = [
        (|query| query.role = Some("admin".into()), &|number| {
            number <= 2_300
        }),
        (|query| query.provider = Some("large".into()), &|number| {
            number <= 2_300
        }),
        (|query| query.provider = Some("small".into()), &|number| {
            number > 2_300
        }),
        (|query| query.disabled = Some(true), &|number| number > 100),
        (|query| query.locked = Some(true), &locked),
        (|query| query.created.begin = Some(at(101)), &|number| {
            number > 100
        }),
        (|query| query.created.end = Some(at(2_300)), &|number| {
            number < 2_300
        }),
        (|query| query.last_login.begin = Some(at(3)), &|number| {
            number >= 3 && !never(number)
        }),
        (|query| query.last_login.end = Some(at(2_399)), &|number| {
            number < 2_399 && !never(number)
        }),
        (
            |query| {
                query.role = Some("user".into());
                query.locked = Some(true);
            },
            &|number| number > 2_300 && locked(number),
        ),
        (
            |query| {
                query.locked = Some(true);
                query.last_login.begin = Some(at(2_201));
            },
            &|number| number > 2_200 && locked(number) && !never(number),
        ),
    ];
    let orders = [
        UserOrder::CreatedAt,
        UserOrder::LastLoginAt,
        UserOrder::Email,
    ];
    let ways = [(None, false), (None, true), (Some("many"), false)];
    for (at, (set, passes)) in filters.into_iter().enumerate() {
        for verified in [None, Some(true)] {
            // Each filter is tried in each order and in each way, and all pairs of an order and a way occur.
            for (turn, order) in orders.into_iter().enumerate() {
                let (prefix, descending) = ways[(at + turn) % ways.len()];
                let mut query = UserQuery {
                    search: prefix.map(str::to_owned),
                    verified,
                    order,
                    descending,
                    ..everybody()
                };
                set(&mut query);
                let seen = |number: &u64| verified.is_none() || *number > 2_390;
                let mut expected: Vec<u64> = (1..=USERS)
                    .filter(|number| passes(*number))
                    .filter(seen)
                    .collect();
                if prefix.is_none() && order == UserOrder::LastLoginAt {
                    expected.sort_by_key(|number| (!never(*number), *number));
                }
                if descending {
                    expected.reverse();
                }
                assert_eq!(walk(storage, &query, 500, |_| {}), expected, "{query:?}");
            }
        }
    }
}
