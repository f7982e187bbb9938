//! Filters of a list of users.

use gatewright_storage::{StorageError, TimeRange, UserOrder, UserQuery};

use crate::columns::ids;
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::users::last_holder::of_role;
use crate::value::Value;

/// The maximum number of users in a small filter. These users are examined one by one. The users of a larger filter are
/// found by following the index of the list, in which they are close together unless they are all at its end: of 2,001
/// users in a million, every five-hundredth.
const SMALL_FILTER: u64 = 2_000;

// Each has the order of its index. Without it, PostgreSQL reads the whole table where it expects to find enough users soon:
// always while it has no statistics, and for a rare role if others are common.
const OF_ROLE: &str = concat!(
    "SELECT user_roles.user_id FROM user_roles WHERE ",
    of_role!("$1"),
    " ORDER BY user_roles.role_id LIMIT $2"
);
const OF_PROVIDER: &str =
    "SELECT DISTINCT user_id FROM identities WHERE provider = $1 ORDER BY user_id LIMIT $2";
const DISABLED: &str =
    "SELECT id FROM users WHERE disabled_at IS NOT NULL ORDER BY disabled_at LIMIT $1";
const LOCKED: &str = "SELECT id FROM users WHERE locked_until > $1 ORDER BY locked_until LIMIT $2";
const CREATED: &str = "SELECT id FROM users WHERE created_at >= coalesce($1::bigint, 0)
    AND created_at < coalesce($2::bigint, 9007199254740992) ORDER BY created_at LIMIT $3";
const LAST_LOGIN: &str = "SELECT id FROM users WHERE last_login_at >= coalesce($1::bigint, 0)
    AND last_login_at < coalesce($2::bigint, 9007199254740992) ORDER BY last_login_at LIMIT $3";

/// Returns the identifiers of the users who pass a small filter. `None` means that no filter is small; a page
/// then follows an index past all other users.
pub(crate) async fn small_filter_ids(
    database: &Database<impl Executor>,
    query: &UserQuery,
) -> Result<Option<Vec<String>>, StorageError> {
    // A list that is sorted by this time ends with the range anyway.
    let range = |sql, range: &TimeRange, order| {
        let bounds = query.search.is_none() && query.order == order;
        let set = range.begin.is_some() || range.end.is_some();
        (set && !bounds).then(|| (sql, vec![range.begin.into(), range.end.into()]))
    };
    let (role, provider) = (query.role.as_deref(), query.provider.as_deref());
    let filters = [
        role.map(|role| (OF_ROLE, vec![role.into()])),
        provider.map(|provider| (OF_PROVIDER, vec![provider.into()])),
        (query.disabled == Some(true)).then(|| (DISABLED, vec![])),
        (query.locked == Some(true)).then(|| (LOCKED, vec![query.now.into()])),
        range(CREATED, &query.created, UserOrder::CreatedAt),
        range(LAST_LOGIN, &query.last_login, UserOrder::LastLoginAt),
    ];
    for (sql, mut parameters) in filters.into_iter().flatten() {
        parameters.push((SMALL_FILTER + 1).into());
        let rows = database.query(Statement::new(sql, parameters)).await?;
        if rows.len() as u64 <= SMALL_FILTER {
            return ids(rows).map(Some);
        }
    }
    Ok(None)
}

/// Returns the first parameters of every part.
pub(crate) fn filters(query: &UserQuery, limit: u64) -> Vec<Value> {
    vec![
        query.role.as_deref().into(),
        query.verified.into(),
        query.disabled.into(),
        query.locked.into(),
        query.created.begin.into(),
        query.created.end.into(),
        query.last_login.begin.into(),
        query.last_login.end.into(),
        query.now.into(),
        limit.into(),
        query.provider.as_deref().into(),
    ]
}
