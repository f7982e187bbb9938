//! The parts of a list of users. Each part is a statement that follows an index.

use gatewright_storage::{StorageError, TimeRange, UserOrder, UserQuery};

use crate::users::find::member_columns;
use crate::value::Value;
use gatewright_storage_sql::position::not_of_this_list;
use gatewright_storage_sql::text::LAST;

/// The greatest integer that every host passes on unrounded.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// One part of a list: the users that match `$where` and whose key (`$key`) is after `(?12, ?13)`. `$tie` orders users
/// of the same key. The first statement follows the index of the key, which `$index` names where SQLite would choose
/// another one. The second reads the few users whose rows `?16` lists.
macro_rules! part {
    ($from:literal, $index:literal, $key:literal, $tie:literal, $where:expr, $after:literal, $order:literal) => {
        [
            part!(concat!($from, $index), "true", $key, $tie, $where, $after, $order),
            part!(
                concat!("json_each(?16) AS few CROSS JOIN ", $from),
                "users.row = few.value",
                $key,
                $tie,
                $where,
                $after,
                $order
            ),
        ]
    };
    ($from:expr, $is:literal, $key:literal, $tie:literal, $where:expr, $after:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS place, ",
            $tie,
            " AS tie, ",
            member_columns!(),
            " FROM ",
            $from,
            " WHERE ",
            $is,
            " AND (",
            $key,
            ", ",
            $tie,
            ") ",
            $after,
            " (?12, ?13) AND ",
            $where,
            " AND (?1 IS NULL OR EXISTS (SELECT 1 FROM user_roles JOIN roles ON roles.row = user_roles.role_row
                WHERE user_roles.user_row = users.row AND roles.name = ?1))
            AND (?11 IS NULL OR EXISTS (SELECT 1 FROM identities
                WHERE identities.provider = ?11 AND identities.user_row = users.row))
            AND (?2 IS NULL OR (users.email_verified_at IS NOT NULL) = ?2)
            AND (?3 IS NULL OR (users.disabled_at IS NOT NULL) = ?3)
            AND (?4 IS NULL OR (coalesce(users.locked_until, 0) > ?9) = ?4)
            AND (?5 IS NULL OR users.created_at >= ?5) AND (?6 IS NULL OR users.created_at < ?6)
            AND (?7 IS NULL OR users.last_login_at >= ?7) AND (?8 IS NULL OR users.last_login_at < ?8)
            ORDER BY ",
            $key,
            " ",
            $order,
            ", ",
            $tie,
            " ",
            $order,
            " LIMIT ?10"
        )
    };
}

/// The two statements of a part.
pub(crate) type Texts = [&'static str; 2];

/// A part of a list, ascending and descending.
macro_rules! both {
    ($index:literal, $key:literal, $tie:literal, $up:expr, $down:expr) => {
        [
            part!("users", $index, $key, $tie, $up, ">", "ASC"),
            part!("users", $index, $key, $tie, $down, "<", "DESC"),
        ]
    };
}

/// The users who have no such key, sorted by identifier.
macro_rules! without {
    ($index:literal, $where:literal) => {
        both!($index, "users.id", "users.id", $where, $where)
    };
}

/// A list that is sorted by one of the times and ends with its range.
macro_rules! by_time {
    ($key:literal, $begin:literal, $end:literal) => {
        both!(
            "",
            $key,
            "users.id",
            concat!($key, " < coalesce(", $end, ", 9007199254740992)"),
            concat!($key, " >= coalesce(", $begin, ", 0)")
        )
    };
}

// The identifier orders users with the same time. Addresses and user names are unique, and their indexes continue with
// the row.
const BY_CREATED_AT: [Texts; 2] = by_time!("users.created_at", "?5", "?6");
const BY_LAST_LOGIN: [Texts; 2] = by_time!("users.last_login_at", "?7", "?8");
const WITHOUT_LAST_LOGIN: [Texts; 2] = without!(
    "",
    "users.last_login_at IS NULL AND ?7 IS NULL AND ?8 IS NULL"
);
const BY_EMAIL: [Texts; 2] = both!("", "users.email_key", "users.row", "true", "true");
const WITHOUT_EMAIL: [Texts; 2] =
    without!(" INDEXED BY users_without_email", "users.email_key IS NULL");
const BY_USERNAME: [Texts; 2] = both!("", "users.username_key", "users.row", "true", "true");
const WITHOUT_USERNAME: [Texts; 2] = without!(
    " INDEXED BY users_without_username",
    "users.username_key IS NULL"
);

/// Whether a text begins with the search text: it is at or after `?14` and before `?15`.
macro_rules! matches {
    ($key:literal) => {
        concat!("(", $key, " >= ?14 AND ", $key, " < ?15)")
    };
}
/// Whether the search does not match the user's address, which an earlier part lists.
macro_rules! not_by_email {
    () => {
        concat!("coalesce(NOT ", matches!("users.email_key"), ", true)")
    };
}

const SEARCH: [Texts; 3] = [
    part!(
        "users",
        "",
        "users.email_key",
        "users.row",
        "users.email_key < ?15",
        ">",
        "ASC"
    ),
    part!(
        "users",
        "",
        "users.username_key",
        "users.row",
        concat!("users.username_key < ?15 AND ", not_by_email!()),
        ">",
        "ASC"
    ),
    part!(
        "user_terms JOIN users ON users.row = user_terms.user_row",
        "",
        "user_terms.term",
        "user_terms.user_row",
        concat!(
            "user_terms.term < ?15 AND ",
            not_by_email!(),
            " AND coalesce(NOT ",
            matches!("users.username_key"),
            ", true) AND NOT EXISTS (SELECT 1 FROM user_terms AS earlier
                WHERE earlier.user_row = users.row AND earlier.term >= ?14 AND earlier.term < user_terms.term)"
        ),
        ">",
        "ASC"
    ),
];

/// The type of a sort key.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Text,
    Number,
}

impl Key {
    /// Returns the value before the first key, in the direction of the list.
    pub(crate) fn start(self, descending: bool) -> Value {
        match (self, descending) {
            (Self::Number, false) => Value::Integer(-1),
            (Self::Number, true) => Value::Integer(MAX_INTEGER),
            (Self::Text, false) => "".into(),
            (Self::Text, true) => LAST.into(),
        }
    }

    pub(crate) fn parse(self, text: &str) -> Result<Value, StorageError> {
        match self {
            Self::Number => text
                .parse()
                .map(Value::Integer)
                .map_err(|_| not_of_this_list()),
            Self::Text => Ok(text.into()),
        }
    }
}

/// A part of a list: its statements, the type of its sort key, the type of the value that orders users of the same key,
/// and the key before the first one.
pub(crate) type Part = (Texts, Key, Key, Value);

/// Returns the parts of a list in their order.
pub(crate) fn parts(query: &UserQuery, descending: bool) -> Vec<Part> {
    let way = usize::from(descending);
    let first = Key::Text.start(descending);
    let by_id = |sql: [Texts; 2]| (sql[way], Key::Text, Key::Text, first.clone());
    let by_text = |sql: [Texts; 2]| (sql[way], Key::Text, Key::Number, first.clone());
    let by_time = |sql: [Texts; 2], range: &TimeRange| {
        let start = match (range.begin, range.end) {
            (Some(begin), _) if !descending => Value::Integer(begin.as_millis() as i64 - 1),
            (_, Some(end)) if descending => end.into(),
            _ => Key::Number.start(descending),
        };
        (sql[way], Key::Number, Key::Text, start)
    };
    let mut parts = match (&query.search, query.order) {
        (Some(search), _) => SEARCH
            .map(|sql| (sql, Key::Text, Key::Number, search.as_str().into()))
            .into(),
        (None, UserOrder::CreatedAt) => vec![by_time(BY_CREATED_AT, &query.created)],
        (None, UserOrder::LastLoginAt) => {
            let signed_in = by_time(BY_LAST_LOGIN, &query.last_login);
            vec![by_id(WITHOUT_LAST_LOGIN), signed_in]
        }
        (None, UserOrder::Email) => vec![by_id(WITHOUT_EMAIL), by_text(BY_EMAIL)],
        (None, UserOrder::Username) => vec![by_id(WITHOUT_USERNAME), by_text(BY_USERNAME)],
    };
    if descending {
        parts.reverse();
    }
    parts
}
