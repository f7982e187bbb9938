//! Searches for users.

use auth_core::storage::*;

use crate::contract::given::*;

/// Only prefixes match; a user who matches in several ways is listed once, by the first of them.
pub(crate) fn a_search_finds_addresses_then_user_names_then_terms(storage: &impl Storage) {
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
    // Everything begins with the empty string.
    assert_eq!(listed(storage, &search("")), [8, 2, 4, 1, 6, 3, 7, 5]);
}

/// No character is a wildcard, and any character can end a prefix.
pub(crate) fn a_search_takes_every_character_as_it_is(storage: &impl Storage) {
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
    let users = texts.into_iter().zip(1..).flat_map(|(text, number)| {
        [
            known_by(number, Some(text), None, &[]),
            known_by(100 + number, None, Some(text), &[]),
            known_by(200 + number, None, None, &[text]),
        ]
    });
    create_all(storage, users);
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

/// Filters apply to a search; the sort order and its direction don't.
pub(crate) fn a_search_keeps_to_the_filters_and_to_its_own_order(storage: &impl Storage) {
    for (number, disabled) in [(1, false), (2, true), (3, false), (4, true)] {
        // Later ones come first in every order except that of the search.
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
