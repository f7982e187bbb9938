//! Pages of users, searches and filters.

use super::*;

/// By each of the four, upwards and downwards; nothing comes before everything, and equals are told by identifier.
pub fn users_are_listed_in_every_order(storage: &impl Storage) {
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

/// A time is a number, however many digits it has, and so is the place of a page.
pub fn users_are_listed_by_the_size_of_a_time(storage: &impl Storage) {
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
        assert_eq!(first.members.iter().map(number).collect::<Vec<_>>(), [4, 2]);
        query.descending = true;
        assert_eq!(listed(storage, &query), [3, 5, 1, 2, 4]);
    }
}

/// No letter is the same as another, and the order is that of UTF-8.
pub fn users_are_listed_by_the_bytes_of_a_key(storage: &impl Storage) {
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

/// A page is followed by another only where there is somebody left.
pub fn the_last_page_of_users_says_so(storage: &impl Storage) {
    assert!(page(storage, everybody()).members.is_empty());
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
        assert_eq!(first.members.iter().map(number).collect::<Vec<_>>(), [1, 2]);
        let last = page(storage, query(order, search, 2, first.next));
        assert_eq!(last.members.iter().map(number).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(last.next, None);
        assert_eq!(page(storage, query(order, search, 4, None)).next, None);
    }
}

/// Each filter by itself, at its borders, and all of them together.
pub fn users_are_listed_by_each_filter(storage: &impl Storage) {
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
    // Who has a second role is listed by either, and once.
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
    // As of second 5, to which the third user was locked.
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

/// Filters that leave many users, and few of those: the same users, in every order, as far as the page goes.
pub fn filters_list_many_as_they_list_few(storage: &impl Storage) {
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
            new.roles = names(if number <= 2_300 {
                &["admin"]
            } else {
                &["user"]
            });
            new
        });
        let outcomes =
            block_on(storage.create_users(id(9_000 + part), users.collect(), None)).unwrap();
        assert_eq!(times(&outcomes, CreateUserOutcome::Created), 400);
    }
    type Set = fn(&mut UserQuery);
    let filters: [(Set, &dyn Fn(u64) -> bool); 9] = [
        (|query| query.role = Some("admin".into()), &|number| {
            number <= 2_300
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
    for (set, passes) in filters {
        for verified in [None, Some(true)] {
            for order in [
                UserOrder::CreatedAt,
                UserOrder::LastLoginAt,
                UserOrder::Email,
            ] {
                for (prefix, descending) in [(None, false), (None, true), (Some("many"), false)] {
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
}

/// Walks with one user a page while others are added, changed and deleted after every page, and expects those from 1 to
/// 8 once each. `user` makes a user that comes and goes, before, among and after those.
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
        // One leaves and one moves, and every time one of these was on this page, if it was one of the others.
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
                terms: elsewhere.terms,
                ..change(&account(storage, moves).user, number, number)
            };
            assert_eq!(apply(storage, moved), ChangeOutcome::Changed(vec![]));
        }
        for number in numbers.by_ref().take(3) {
            create(storage, user(number));
            others.push(number);
        }
    });
    let mut stayed: Vec<_> = found.into_iter().filter(|number| *number <= 8).collect();
    stayed.sort();
    assert_eq!(stayed, (1..=8).collect::<Vec<_>>(), "{query:?}");
    for number in others {
        assert_eq!(delete(storage, number), DeleteUserOutcome::Deleted(vec![]));
    }
}

/// Who stays as he is comes exactly once in a walk in any order.
pub fn a_walk_lists_everybody_once_whoever_comes_and_goes(storage: &impl Storage) {
    for number in 1..=8 {
        let key = format!("m{number}");
        // Some have no address, some no name, and some are equals of others.
        let email = (number % 3 > 0).then_some(key.as_str());
        let name = (number % 4 > 0).then_some(key.as_str());
        let mut new = new_user(number, email, name);
        new.user.created_at = at(10 + number / 2);
        new.user.last_login_at = (number % 3 > 0).then(|| at(10 + number / 3));
        create(storage, new);
    }
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

/// Only beginnings are found; who is found in several ways comes once, by the first of them.
pub fn a_search_finds_addresses_then_user_names_then_terms(storage: &impl Storage) {
    for new in [
        known_by(1, Some("zoe@ada.example"), Some("zoe"), &["zoe", "adams"]),
        known_by(
            2,
            Some("ada@example.com"),
            Some("lovelace"),
            &["ada", "adab"],
        ),
        known_by(3, None, Some("adam"), &["adaaa", "builder"]),
        known_by(4, Some("adaa@example.com"), None, &[]),
        known_by(5, None, None, &["adaz", "adac", "bada"]),
        known_by(6, None, Some("adaline"), &[]),
        known_by(7, None, Some("bada"), &["adac"]),
        known_by(8, Some("ad@example.com"), Some("ad"), &["ad", "not ada"]),
        known_by(9, None, None, &[]),
    ] {
        create(storage, new);
    }
    assert_eq!(listed(storage, &search("ada")), [2, 4, 6, 3, 5, 7, 1]);
    assert_eq!(listed(storage, &search("adac")), [5, 7]);
    assert_eq!(listed(storage, &search("adam")), [3, 1]);
    assert_eq!(listed(storage, &search("ada@example.com")), [2]);
    assert_eq!(listed(storage, &search("ada@example.comx")), [0u64; 0]);
    assert_eq!(listed(storage, &search("not a")), [8]);
    // Everything begins with nothing.
    assert_eq!(listed(storage, &search("")), [8, 2, 4, 1, 6, 3, 7, 5]);
    let mut query = UserQuery {
        limit: 1,
        ..search("ada")
    };
    for found in [
        (0, "ada@example.com"),
        (0, "adaa@example.com"),
        (1, "adaline"),
        (1, "adam"),
        (2, "adac"),
        (2, "adac"),
    ] {
        query.after = page(storage, query.clone()).next;
        let place = query.after.as_ref().unwrap();
        assert_eq!((place.part, place.key.as_str()), found);
    }
}

/// No character means anything but itself, and any may be the last of a prefix.
pub fn a_search_takes_every_character_as_it_is(storage: &impl Storage) {
    let texts = [
        "%",
        "%%",
        "100%",
        "1000",
        "a_b",
        "axb",
        "a*b",
        "a?b",
        "[a]",
        "a\\b",
        "\\%",
        "it's",
        "\"a\"",
        "a b",
        "A_B",
        "zoe",
        "zo\u{eb}",
        "zoe\u{301}",
        "zo\u{fb00}",
        "zo\u{1f98a}",
        "zo\u{d7ff}x",
        "zo\u{e000}x",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}x",
        "zo\u{10ffff}",
        "zo\u{10ffff}x",
        "zp",
        "\u{7f}",
        "\u{7f}x",
        "\u{80}x",
    ];
    for (text, number) in texts.into_iter().zip(1..) {
        create(storage, known_by(number, Some(text), None, &[]));
        create(storage, known_by(100 + number, None, Some(text), &[]));
        create(storage, known_by(200 + number, None, None, &[text]));
    }
    let prefixes = [
        "%",
        "_",
        "*",
        "?",
        "[",
        "[a-z]",
        "\\",
        "'",
        "100%",
        "100",
        "a_",
        "a%",
        "a*",
        "a\\",
        "A",
        "ZO",
        "it'",
        "\"",
        "zo",
        "zoe",
        "zo\u{eb}",
        "zo\u{fb00}",
        "zo\u{1f98a}",
        "zo\u{d7ff}",
        "zo\u{e000}",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}",
        "zo\u{10ffff}",
        "zo\u{10ffff}\u{10ffff}",
        "\u{7f}",
        "\u{80}",
        " ",
        "a ",
    ];
    for prefix in prefixes {
        let begins = texts.into_iter().zip(1..);
        let mut begins: Vec<_> = begins
            .filter(|(text, _)| text.starts_with(prefix))
            .collect();
        begins.sort();
        let parts = [0, 100, 200].into_iter();
        let expected: Vec<u64> = parts
            .flat_map(|part| begins.iter().map(move |(_, number)| part + number))
            .collect();
        assert_eq!(listed(storage, &search(prefix)), expected, "{prefix:?}");
    }
}

/// Filters hold for a search, too; the order and its direction don't.
pub fn a_search_keeps_to_the_filters_and_to_its_own_order(storage: &impl Storage) {
    for (number, disabled) in [(1, false), (2, true), (3, false), (4, true)] {
        // Later ones come first by every order but that of the search.
        let key = format!("a{number}");
        let mut new = known_by(
            number,
            Some(&key),
            Some(&format!("b{}", 9 - number)),
            &["c"],
        );
        new.user.created_at = at(9 - number);
        new.user.disabled_at = disabled.then(|| at(1));
        create(storage, new);
    }
    for order in [UserOrder::CreatedAt, UserOrder::Email, UserOrder::Username] {
        for descending in [false, true] {
            for (prefix, disabled, expected) in [
                ("a", None, vec![1, 2, 3, 4]),
                ("a", Some(true), vec![2, 4]),
                ("b", Some(false), vec![3, 1]),
                ("c", Some(true), vec![2, 4]),
                ("d", None, vec![]),
            ] {
                let query = UserQuery {
                    order,
                    descending,
                    disabled,
                    ..search(prefix)
                };
                assert_eq!(listed(storage, &query), expected, "{query:?}");
            }
        }
    }
}

/// Who stays as he is comes exactly once in a walk through what a search finds.
pub fn a_walk_through_a_search_lists_everybody_once_whoever_comes_and_goes(storage: &impl Storage) {
    for number in 1..=8 {
        let key = format!("am{number}");
        // Some are found in several ways, and some by the same term.
        let email = (number % 3 == 0).then_some(key.as_str());
        let name = (number % 3 == 1 || number == 6).then_some(key.as_str());
        create(storage, known_by(number, email, name, &["am", "an", "b"]));
    }
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
