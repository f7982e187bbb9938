//! Filters of a list of users.

use gatewright_storage::{StorageError, TimeRange, UserOrder, UserQuery};

use crate::executor::{Executor, Statement};
use crate::value::Value;

/// The maximum number of users in a small filter. These users are examined one by one. The users of a larger filter are
/// found by following the index of the list, in which they are close together unless they are all at its end: of 2,001
/// users in a million, every five-hundredth.
const SMALL_FILTER: u64 = 2_000;

const OF_ROLE: &str = "SELECT user_row FROM user_roles WHERE role_row = (SELECT row FROM roles WHERE name = ?1) LIMIT ?2";
const OF_PROVIDER: &str = "SELECT DISTINCT user_row FROM identities WHERE provider = ?1 LIMIT ?2";
const DISABLED: &str = "SELECT row FROM users WHERE disabled_at IS NOT NULL LIMIT ?1";
const LOCKED: &str = "SELECT row FROM users WHERE locked_until > ?1 LIMIT ?2";
const CREATED: &str = "SELECT row FROM users WHERE created_at >= coalesce(?1, 0) AND created_at < coalesce(?2, 9007199254740992) LIMIT ?3";
const LAST_LOGIN: &str = "SELECT row FROM users WHERE last_login_at >= coalesce(?1, 0) AND last_login_at < coalesce(?2, 9007199254740992) LIMIT ?3";

/// Returns the rows of the users who pass a small filter, as a JSON list. `None` means that no filter is small; a page
/// then follows an index past all other users.
pub(crate) async fn small_filter_rows(
    executor: &impl Executor,
    query: &UserQuery,
) -> Result<Option<String>, StorageError> {
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
        let rows = executor.query(Statement::new(sql, parameters)).await?;
        if rows.len() as u64 <= SMALL_FILTER {
            let rows = rows.into_iter().map(|mut row| row.next());
            let rows: Vec<u64> = rows.collect::<Result<_, _>>()?;
            return Ok(Some(serde_json::json!(rows).to_string()));
        }
    }
    Ok(None)
}

/// Returns the first parameters of every part.
pub(crate) fn filters(query: &UserQuery, limit: u64) -> Vec<Value> {
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
        query.provider.as_deref().into(),
    ]
}
