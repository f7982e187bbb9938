//! Users with what they may do: one of them, and pages of all of them.

use auth_core::storage::{
    Account, Credential, Member, Place, StorageError, TimeRange, UserOrder, UserPage, UserQuery,
};

use crate::accounts::{user, user_columns};
use crate::executor::{Executor, Statement};
use crate::sessions::access_columns;
use crate::value::{Names, Row, Value};

/// Most users of a page.
const LIMIT: u64 = 500;
/// Up to so many users of a filter are looked at one by one. More stand close together in a list, unless they are all at
/// its end, and a page is found by following its index: of 2,001 in a million, every five-hundredth.
const FEW: u64 = 2_000;
/// The greatest number that every host passes on unrounded.
const MOST: i64 = (1 << 53) - 1;
/// Comes after every text that is stored: keys are far shorter.
const LAST: &str =
    "\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}";

/// The columns that [`member`] reads.
macro_rules! member_columns {
    () => {
        concat!(
            user_columns!(),
            ", (SELECT json_group_array(json_array(id, kind, secret, counter, label, created_at, updated_at, last_used_at))
                FROM (SELECT * FROM credentials WHERE user_row = users.row ORDER BY created_at, id)) AS credentials, ",
            access_columns!()
        )
    };
}

const FIND: &str = concat!("SELECT ", member_columns!(), " FROM users WHERE id = ?1");

pub(crate) async fn find(
    executor: &impl Executor,
    user_id: String,
) -> Result<Option<Member>, StorageError> {
    let rows = executor
        .query(Statement::new(FIND, vec![user_id.into()]))
        .await?;
    rows.into_iter()
        .next()
        .map(|mut row| member(&mut row))
        .transpose()
}

/// A credential as `member_columns!` writes it.
type Listed = (
    String,
    String,
    String,
    Option<u64>,
    Option<String>,
    u64,
    u64,
    Option<u64>,
);

#[allow(clippy::disallowed_methods, reason = "SQLite makes this list")]
fn member(row: &mut Row) -> Result<Member, StorageError> {
    let user = user(row)?;
    let credentials: String = row.next()?;
    let unreadable =
        |error: serde_json::Error| StorageError::Invalid(format!("a user's credentials: {error}"));
    let listed: Vec<Listed> = serde_json::from_str(&credentials).map_err(unreadable)?;
    let time = auth_core::Timestamp::from_millis;
    let credentials = listed
        .into_iter()
        .map(
            |(id, kind, secret, counter, label, created_at, updated_at, last_used_at)| Credential {
                id,
                user_id: user.id.clone(),
                kind,
                secret,
                counter,
                label,
                created_at: time(created_at),
                updated_at: time(updated_at),
                last_used_at: last_used_at.map(time),
            },
        )
        .collect();
    Ok(Member {
        account: Account { user, credentials },
        roles: row.next::<Names>()?.0,
        permissions: row.next::<Names>()?.0,
        rank: row.next()?,
    })
}

/// One part of a list: users whose key (`$key`) stands after `(?11, ?12)`, of those that `$where` names. `$tie` decides
/// among those of one key. First by the index of the key, which `$index` names where SQLite would take another one, then
/// of the few whose rows `?15` lists.
macro_rules! part {
    ($from:literal, $index:literal, $key:literal, $tie:literal, $where:expr, $after:literal, $order:literal) => {
        [
            part!(concat!($from, $index), "true", $key, $tie, $where, $after, $order),
            part!(
                concat!("json_each(?15) AS few CROSS JOIN ", $from),
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
            " (?11, ?12) AND ",
            $where,
            " AND (?1 IS NULL OR EXISTS (SELECT 1 FROM user_roles JOIN roles ON roles.row = user_roles.role_row
                WHERE user_roles.user_row = users.row AND roles.name = ?1))
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
type Texts = [&'static str; 2];

/// A part of a list upwards and downwards.
macro_rules! both {
    ($index:literal, $key:literal, $tie:literal, $up:expr, $down:expr) => {
        [
            part!("users", $index, $key, $tie, $up, ">", "ASC"),
            part!("users", $index, $key, $tie, $down, "<", "DESC"),
        ]
    };
}

/// Those who have no such key, by their identifiers.
macro_rules! without {
    ($index:literal, $where:literal) => {
        both!($index, "users.id", "users.id", $where, $where)
    };
}

/// A list by one of the times, which ends where its range does.
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

// Among equals the identifier decides. Of an address or a name there are none, and the index goes on with the row.
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

/// Whether a text begins as the search says: it stands from `?13` to before `?14`.
macro_rules! matches {
    ($key:literal) => {
        concat!("(", $key, " >= ?13 AND ", $key, " < ?14)")
    };
}
/// Whether somebody is found by nothing that comes before.
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
        "users.email_key < ?14",
        ">",
        "ASC"
    ),
    part!(
        "users",
        "",
        "users.username_key",
        "users.row",
        concat!("users.username_key < ?14 AND ", not_by_email!()),
        ">",
        "ASC"
    ),
    part!(
        "user_terms JOIN users ON users.row = user_terms.user_row",
        "",
        "user_terms.term",
        "user_terms.user_row",
        concat!(
            "user_terms.term < ?14 AND ",
            not_by_email!(),
            " AND coalesce(NOT ",
            matches!("users.username_key"),
            ", true) AND NOT EXISTS (SELECT 1 FROM user_terms AS earlier
                WHERE earlier.user_row = users.row AND earlier.term >= ?13 AND earlier.term < user_terms.term)"
        ),
        ">",
        "ASC"
    ),
];

/// What a part is listed by.
#[derive(Clone, Copy)]
enum Key {
    Text,
    Number,
}

impl Key {
    /// Before the first one, in the direction of the list.
    fn start(self, descending: bool) -> Value {
        match (self, descending) {
            (Self::Number, false) => Value::Integer(-1),
            (Self::Number, true) => Value::Integer(MOST),
            (Self::Text, false) => "".into(),
            (Self::Text, true) => LAST.into(),
        }
    }

    fn parse(self, text: &str) -> Result<Value, StorageError> {
        match self {
            Self::Number => text
                .parse()
                .map(Value::Integer)
                .map_err(|_| StorageError::Invalid("a place that is none of this list".into())),
            Self::Text => Ok(text.into()),
        }
    }
}

/// A part of a list: its statements, what it is listed by, what decides among those of one key, and the key before the
/// first one.
type Part = (Texts, Key, Key, Value);

fn parts(query: &UserQuery, descending: bool) -> Vec<Part> {
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

pub(crate) async fn list(
    executor: &impl Executor,
    query: UserQuery,
) -> Result<UserPage, StorageError> {
    let descending = query.descending && query.search.is_none();
    let limit = query.limit.clamp(1, LIMIT);
    let few = few(executor, &query).await?;
    let (mut members, mut places) = (Vec::new(), Vec::new());
    let first = query.after.as_ref().map_or(0, |place| place.part);
    let parts = (0..).zip(parts(&query, descending));
    for (part, (sql, key, tie, start)) in parts.skip_while(|(part, _)| *part < first) {
        // One more than are wanted tells whether there is a next page.
        let wanted = limit + 1 - members.len() as u64;
        let mut parameters = filters(&query, wanted);
        parameters.extend(match &query.after {
            Some(after) if after.part == part => {
                [key.parse(&after.key)?, tie.parse(&after.tie_break)?]
            }
            _ => [start, tie.start(descending)],
        });
        let search = query.search.as_deref();
        let sql = match &few {
            None => {
                parameters.extend(
                    search
                        .into_iter()
                        .flat_map(|text| [text.into(), behind(text).into()]),
                );
                sql[0]
            }
            Some(few) => {
                parameters.extend([
                    search.into(),
                    search.map(behind).into(),
                    few.as_str().into(),
                ]);
                sql[1]
            }
        };
        for mut row in executor.query(Statement::new(sql, parameters)).await? {
            let mut text = || {
                Ok(match row.next()? {
                    Value::Integer(number) => number.to_string(),
                    Value::Text(text) => text,
                    Value::Null => String::new(),
                })
            };
            places.push(Place {
                part,
                key: text()?,
                tie_break: text()?,
            });
            members.push(member(&mut row)?);
        }
        if members.len() as u64 > limit {
            members.pop();
            places.pop();
            return Ok(UserPage {
                members,
                next: places.pop(),
            });
        }
    }
    Ok(UserPage {
        members,
        next: None,
    })
}

const OF_ROLE: &str = "SELECT user_row FROM user_roles WHERE role_row = (SELECT row FROM roles WHERE name = ?1) LIMIT ?2";
const DISABLED: &str = "SELECT row FROM users WHERE disabled_at IS NOT NULL LIMIT ?1";
const LOCKED: &str = "SELECT row FROM users WHERE locked_until > ?1 LIMIT ?2";
const CREATED: &str = "SELECT row FROM users WHERE created_at >= coalesce(?1, 0) AND created_at < coalesce(?2, 9007199254740992) LIMIT ?3";
const LAST_LOGIN: &str = "SELECT row FROM users WHERE last_login_at >= coalesce(?1, 0) AND last_login_at < coalesce(?2, 9007199254740992) LIMIT ?3";

/// The rows of those whom a filter leaves, as a JSON list, if they are few; else a page takes following an index past all
/// others.
async fn few(executor: &impl Executor, query: &UserQuery) -> Result<Option<String>, StorageError> {
    // A list by that time ends where the range does anyway.
    let range = |sql, range: &TimeRange, order| {
        let bounds = query.search.is_none() && query.order == order;
        let set = range.begin.is_some() || range.end.is_some();
        (set && !bounds).then(|| (sql, vec![range.begin.into(), range.end.into()]))
    };
    let role = query.role.as_deref();
    let filters = [
        role.map(|role| (OF_ROLE, vec![role.into()])),
        (query.disabled == Some(true)).then(|| (DISABLED, vec![])),
        (query.locked == Some(true)).then(|| (LOCKED, vec![query.now.into()])),
        range(CREATED, &query.created, UserOrder::CreatedAt),
        range(LAST_LOGIN, &query.last_login, UserOrder::LastLoginAt),
    ];
    for (sql, mut parameters) in filters.into_iter().flatten() {
        parameters.push((FEW + 1).into());
        let rows = executor.query(Statement::new(sql, parameters)).await?;
        if rows.len() as u64 <= FEW {
            let rows = rows.into_iter().map(|mut row| row.next());
            let rows: Vec<u64> = rows.collect::<Result<_, _>>()?;
            return Ok(Some(serde_json::json!(rows).to_string()));
        }
    }
    Ok(None)
}

fn filters(query: &UserQuery, limit: u64) -> Vec<Value> {
    let flag = |flag: Option<bool>| Value::from(flag.map(u64::from));
    vec![
        query.role.as_deref().into(),
        flag(query.verified),
        flag(query.disabled),
        flag(query.locked),
        query.created.begin.into(),
        query.created.end.into(),
        query.last_login.begin.into(),
        query.last_login.end.into(),
        query.now.into(),
        limit.into(),
    ]
}

/// The first text behind all that begin with this one, byte by byte.
pub(crate) fn behind(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return text;
        }
    }
    LAST.to_owned()
}

#[cfg(test)]
mod tests {
    use super::behind;

    #[test]
    fn behind_a_prefix_is_the_first_text_without_it() {
        assert_eq!(behind("ab"), "ac");
        assert_eq!(behind("a\u{D7FF}"), "a\u{E000}");
        assert_eq!(behind("a\u{10FFFF}"), "b");
        assert!(behind("\u{10FFFF}").as_str() > "\u{10FFFF}x");
        assert!("ab\u{10FFFF}\u{10FFFF}" < behind("ab").as_str());
    }
}
