//! The parts of a list of users. Each part is a statement that follows an index.

use gatewright_storage::{StorageError, TimeRange, UserOrder, UserQuery};

use crate::value::Value;
use gatewright_storage_sql::position::not_of_this_list;
use gatewright_storage_sql::text::LAST;

/// A time after every stored one.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// One part of a list: the places of the users who match `$where` and whose key (`$key`) is after `($12, $13)`. The
/// identifier (`$id`) orders users of the same key. Both are columns of one table, whose index starts a page at its place.
/// The first statement follows this index. The second reads the few users whom `$16` lists. Every statement names every
/// parameter, so that all have the same.
macro_rules! part {
    ($from:expr, $key:literal, $id:literal, $type:literal, $where:expr, $after:literal, $order:literal) => {
        [
            part!($from, "$16::text[] IS NULL", $key, $id, $type, $where, $after, $order),
            part!(
                concat!("unnest($16::text[]) AS few (id) CROSS JOIN ", $from),
                concat!($id, " = few.id"),
                $key,
                $id,
                $type,
                $where,
                $after,
                $order
            ),
        ]
    };
    ($from:expr, $is:expr, $key:literal, $id:literal, $type:literal, $where:expr, $after:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS place, ",
            $id,
            " AS tie FROM ",
            $from,
            " WHERE ",
            $is,
            " AND (",
            $key,
            ", ",
            $id,
            ") ",
            $after,
            " ($12::",
            $type,
            ", $13::text) AND ",
            $where,
            " AND ($14::text IS NULL) = ($15::text IS NULL)
            AND ($1::text IS NULL OR EXISTS (SELECT 1 FROM user_roles JOIN roles ON roles.id = user_roles.role_id
                WHERE user_roles.user_id = users.id AND roles.name = $1))
            AND ($11::text IS NULL OR EXISTS (SELECT 1 FROM identities
                WHERE identities.provider = $11 AND identities.user_id = users.id))
            AND ($2::boolean IS NULL OR (users.email_verified_at IS NOT NULL) = $2)
            AND ($3::boolean IS NULL OR (users.disabled_at IS NOT NULL) = $3)
            AND ($4::boolean IS NULL OR (coalesce(users.locked_until, 0) > $9::bigint) = $4)
            AND ($5::bigint IS NULL OR users.created_at >= $5) AND ($6::bigint IS NULL OR users.created_at < $6)
            AND ($7::bigint IS NULL OR users.last_login_at >= $7) AND ($8::bigint IS NULL OR users.last_login_at < $8)
            ORDER BY ",
            $key,
            " ",
            $order,
            ", ",
            $id,
            " ",
            $order,
            " LIMIT $10::bigint"
        )
    };
}

/// The two statements of a part.
pub(crate) type Texts = [&'static str; 2];

/// A part of a list, ascending and descending.
macro_rules! both {
    ($key:literal, $type:literal, $up:expr, $down:expr) => {
        [
            part!("users", $key, "users.id", $type, $up, ">", "ASC"),
            part!("users", $key, "users.id", $type, $down, "<", "DESC"),
        ]
    };
}

/// The users who have no such key, sorted by identifier.
macro_rules! without {
    ($where:literal) => {
        both!("users.id", "text", $where, $where)
    };
}

/// A list that is sorted by one of the times and ends with its range.
macro_rules! by_time {
    ($key:literal, $begin:literal, $end:literal) => {
        both!(
            $key,
            "bigint",
            concat!($key, " < coalesce(", $end, "::bigint, 9007199254740992)"),
            concat!($key, " >= coalesce(", $begin, "::bigint, 0)")
        )
    };
}

const BY_CREATED_AT: [Texts; 2] = by_time!("users.created_at", "$5", "$6");
const BY_LAST_LOGIN: [Texts; 2] = by_time!("users.last_login_at", "$7", "$8");
const WITHOUT_LAST_LOGIN: [Texts; 2] =
    without!("users.last_login_at IS NULL AND $7::bigint IS NULL AND $8::bigint IS NULL");
const BY_EMAIL: [Texts; 2] = both!("users.email_key", "text", "true", "true");
const WITHOUT_EMAIL: [Texts; 2] = without!("users.email_key IS NULL");
const BY_USERNAME: [Texts; 2] = both!("users.username_key", "text", "true", "true");
const WITHOUT_USERNAME: [Texts; 2] = without!("users.username_key IS NULL");

/// Whether a text begins with the search text: it is at or after `$14` and before `$15`.
macro_rules! matches {
    ($key:literal) => {
        concat!("(", $key, " >= $14 AND ", $key, " < $15)")
    };
}
/// Whether the search does not match this key of a user. Otherwise an earlier part lists the user.
macro_rules! not_listed_by {
    ($key:literal) => {
        concat!("coalesce(NOT ", matches!($key), ", true)")
    };
}

const SEARCH: [Texts; 3] = [
    part!(
        "users",
        "users.email_key",
        "users.id",
        "text",
        "users.email_key < $15",
        ">",
        "ASC"
    ),
    part!(
        "users",
        "users.username_key",
        "users.id",
        "text",
        concat!("users.username_key < $15 AND ", not_listed_by!("users.email_key")),
        ">",
        "ASC"
    ),
    // `OFFSET 0` keeps the subquery apart, so that the server reads the user of each term in the order of the index. Without
    // statistics it would read all users first.
    part!(
        concat!(
            "user_terms CROSS JOIN LATERAL (SELECT * FROM users WHERE users.id = user_terms.user_id
            AND ",
            not_listed_by!("users.email_key"),
            " AND ",
            not_listed_by!("users.username_key"),
            " AND NOT EXISTS (SELECT 1 FROM user_terms AS earlier
                WHERE earlier.user_id = user_terms.user_id AND earlier.term >= $14 AND earlier.term < user_terms.term)
            OFFSET 0) AS users"
        ),
        "user_terms.term",
        "user_terms.user_id",
        "text",
        "user_terms.term < $15",
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

/// A part of a list: its statements, the type of its sort key, and the key before the first one.
pub(crate) type Part = (Texts, Key, Value);

/// Returns the parts of a list in their order.
pub(crate) fn parts(query: &UserQuery, descending: bool) -> Vec<Part> {
    let way = usize::from(descending);
    let first = Key::Text.start(descending);
    let by_text = |sql: [Texts; 2]| (sql[way], Key::Text, first.clone());
    let by_time = |sql: [Texts; 2], range: &TimeRange| {
        let start = match (range.begin, range.end) {
            (Some(begin), _) if !descending => Value::Integer(begin.as_millis() as i64 - 1),
            (_, Some(end)) if descending => end.into(),
            _ => Key::Number.start(descending),
        };
        (sql[way], Key::Number, start)
    };
    let mut parts = match (&query.search, query.order) {
        (Some(search), _) => SEARCH
            .map(|sql| (sql, Key::Text, search.as_str().into()))
            .into(),
        (None, UserOrder::CreatedAt) => vec![by_time(BY_CREATED_AT, &query.created)],
        (None, UserOrder::LastLoginAt) => {
            let signed_in = by_time(BY_LAST_LOGIN, &query.last_login);
            vec![by_text(WITHOUT_LAST_LOGIN), signed_in]
        }
        (None, UserOrder::Email) => vec![by_text(WITHOUT_EMAIL), by_text(BY_EMAIL)],
        (None, UserOrder::Username) => vec![by_text(WITHOUT_USERNAME), by_text(BY_USERNAME)],
    };
    if descending {
        parts.reverse();
    }
    parts
}
