//! Users with what they may do: one of them, and pages of all of them.

use auth_core::storage::{
    Account, Credential, Member, Place, StorageError, UserOrder, UserPage, UserQuery,
};

use crate::accounts::{user, user_columns};
use crate::executor::{Executor, Statement};
use crate::sessions::access_columns;
use crate::value::{Names, Row, Value};

/// Most users of a page.
const LIMIT: u64 = 500;
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
                FROM (SELECT * FROM credentials WHERE user_id = users.id ORDER BY created_at, id)) AS credentials, ",
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
    })
}

/// One part of a list: users whose key (`$key`) stands after `(?11, ?12)`, of those that `$where` names.
macro_rules! part {
    ($from:literal, $key:literal, $where:expr, $after:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS place, ",
            member_columns!(),
            " FROM ",
            $from,
            " WHERE (",
            $key,
            ", users.id) ",
            $after,
            " (?11, ?12) AND ",
            $where,
            " AND (?1 IS NULL OR EXISTS (SELECT 1 FROM user_roles JOIN roles ON roles.id = user_roles.role_id
                WHERE user_roles.user_id = users.id AND roles.name = ?1))
            AND (?2 IS NULL OR (users.email_verified_at IS NOT NULL) = ?2)
            AND (?3 IS NULL OR (users.disabled_at IS NOT NULL) = ?3)
            AND (?4 IS NULL OR (coalesce(users.locked_until, 0) > ?9) = ?4)
            AND (?5 IS NULL OR users.created_at >= ?5) AND (?6 IS NULL OR users.created_at < ?6)
            AND (?7 IS NULL OR users.last_login_at >= ?7) AND (?8 IS NULL OR users.last_login_at < ?8)
            ORDER BY ",
            $key,
            " ",
            $order,
            ", users.id ",
            $order,
            " LIMIT ?10"
        )
    };
}

/// A part of a list upwards and downwards.
macro_rules! both {
    ($key:literal, $where:expr) => {
        [
            part!("users", $key, $where, ">", "ASC"),
            part!("users", $key, $where, "<", "DESC"),
        ]
    };
}

/// Those who have no such key, by their identifiers.
macro_rules! without {
    ($key:literal) => {
        both!("users.id", concat!($key, " IS NULL"))
    };
}

const BY_CREATED_AT: [&str; 2] = both!("users.created_at", "true");
const BY_LAST_LOGIN: [&str; 2] = both!("users.last_login_at", "true");
const WITHOUT_LAST_LOGIN: [&str; 2] = without!("users.last_login_at");
const BY_EMAIL: [&str; 2] = both!("users.email_key", "true");
const WITHOUT_EMAIL: [&str; 2] = without!("users.email_key");
const BY_USERNAME: [&str; 2] = both!("users.username_key", "true");
const WITHOUT_USERNAME: [&str; 2] = without!("users.username_key");

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

const SEARCH: [&str; 3] = [
    part!("users", "users.email_key", "users.email_key < ?14", ">", "ASC"),
    part!(
        "users",
        "users.username_key",
        concat!("users.username_key < ?14 AND ", not_by_email!()),
        ">",
        "ASC"
    ),
    part!(
        "user_terms JOIN users ON users.id = user_terms.user_id",
        "user_terms.term",
        concat!(
            "user_terms.term < ?14 AND ",
            not_by_email!(),
            " AND coalesce(NOT ",
            matches!("users.username_key"),
            ", true) AND NOT EXISTS (SELECT 1 FROM user_terms AS earlier
                WHERE earlier.user_id = users.id AND earlier.term >= ?13 AND earlier.term < user_terms.term)"
        ),
        ">",
        "ASC"
    ),
];

/// What a part is listed by.
#[derive(Clone, Copy)]
enum Key {
    Id,
    Text,
    Time,
}

impl Key {
    /// Before the first one, in the direction of the list.
    fn start(self, descending: bool) -> Value {
        match (self, descending) {
            (Self::Time, false) => Value::Integer(-1),
            (Self::Time, true) => Value::Integer(MOST),
            (_, false) => "".into(),
            (_, true) => LAST.into(),
        }
    }

    fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Time => text.parse().ok().map(Value::Integer),
            Self::Id | Self::Text => Some(text.into()),
        }
    }
}

pub(crate) async fn list(
    executor: &impl Executor,
    query: UserQuery,
) -> Result<UserPage, StorageError> {
    let descending = query.descending && query.search.is_none();
    let way = usize::from(descending);
    let mut parts: Vec<(&'static str, Key)> = match (&query.search, query.order) {
        (Some(_), _) => SEARCH.iter().map(|sql| (*sql, Key::Text)).collect(),
        (None, UserOrder::CreatedAt) => vec![(BY_CREATED_AT[way], Key::Time)],
        (None, UserOrder::LastLoginAt) => vec![
            (WITHOUT_LAST_LOGIN[way], Key::Id),
            (BY_LAST_LOGIN[way], Key::Time),
        ],
        (None, UserOrder::Email) => {
            vec![(WITHOUT_EMAIL[way], Key::Id), (BY_EMAIL[way], Key::Text)]
        }
        (None, UserOrder::Username) => vec![
            (WITHOUT_USERNAME[way], Key::Id),
            (BY_USERNAME[way], Key::Text),
        ],
    };
    if descending {
        parts.reverse();
    }
    let limit = query.limit.clamp(1, LIMIT);
    let (mut members, mut places) = (Vec::new(), Vec::new());
    let first = query.after.as_ref().map_or(0, |place| place.part);
    for (part, (sql, key)) in (0..).zip(parts).skip_while(|(part, _)| *part < first) {
        // One more than are wanted tells whether there is a next page.
        let wanted = limit + 1 - members.len() as u64;
        let after = query.after.as_ref().filter(|place| place.part == part);
        let (place, id) = match (after, &query.search) {
            (Some(after), _) => {
                let place = key.parse(&after.key).ok_or_else(|| {
                    StorageError::Invalid("a place that is none of this list".into())
                })?;
                (place, after.id.as_str().into())
            }
            (None, Some(search)) => (search.as_str().into(), "".into()),
            (None, None) => (
                key.start(descending),
                if descending { LAST } else { "" }.into(),
            ),
        };
        let mut parameters = filters(&query, wanted);
        parameters.extend([place, id]);
        if let Some(search) = &query.search {
            parameters.extend([search.as_str().into(), behind(search).into()]);
        }
        for mut row in executor.query(Statement::new(sql, parameters)).await? {
            let place = match row.next()? {
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text,
                Value::Null => String::new(),
            };
            let member = member(&mut row)?;
            places.push(Place {
                part,
                key: place,
                id: member.account.user.id.clone(),
            });
            members.push(member);
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
