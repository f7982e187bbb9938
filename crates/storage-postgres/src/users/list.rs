//! Pages of the list of users.

use std::collections::HashMap;

use gatewright_storage::{StorageError, UserDetails, UserPage, UserQuery};

use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::users::filters::{filters, small_filter_ids};
use crate::users::find::find_users;
use crate::users::parts::{Key, parts};
use crate::value::Value;
use gatewright_storage_sql::position::Position;
use gatewright_storage_sql::text::prefix_upper_bound;

/// Maximum number of users on a page.
const LIMIT: u64 = 500;

pub(crate) async fn list(
    database: &Database<impl Executor>,
    query: UserQuery,
) -> Result<UserPage, StorageError> {
    let descending = query.descending && query.search.is_none();
    let limit = query.limit.clamp(1, LIMIT);
    let small_filter_ids = small_filter_ids(database, &query).await?;
    let mut places = Vec::new();
    let after = query.after.as_ref().map(Position::read).transpose()?;
    let first = after.as_ref().map_or(0, |place| place.part);
    let parts = (0..).zip(parts(&query, descending));
    for (part, (sql, key, start)) in parts.skip_while(|(part, _)| *part < first) {
        // One row more than the page shows whether there is a next page.
        let wanted = limit + 1 - places.len() as u64;
        if wanted == 0 {
            break;
        }
        let mut parameters = filters(&query, wanted);
        parameters.extend(match &after {
            Some(after) if after.part == part => {
                [key.parse(&after.key)?, after.tie_break.as_str().into()]
            }
            _ => [start, Key::Text.start(descending)],
        });
        let search = query.search.as_deref();
        parameters.extend([
            search.into(),
            search.map(prefix_upper_bound).into(),
            small_filter_ids.clone().into(),
        ]);
        let sql = sql[usize::from(small_filter_ids.is_some())];
        for mut row in database.query(Statement::new(sql, parameters)).await? {
            let mut text = || {
                Ok::<_, StorageError>(match row.next()? {
                    Value::Integer(number) => number.to_string(),
                    Value::Text(text) => text,
                    _ => String::new(),
                })
            };
            places.push(Position {
                part,
                key: text()?,
                tie_break: text()?,
            });
        }
    }
    let is_last = places.len() as u64 <= limit;
    places.truncate(limit as usize);
    // The server plans a list for its parameters each time, and the users of a page only once.
    let ids = places.iter().map(|place| place.tie_break.clone()).collect();
    let users = find_users(database, ids).await?;
    let mut users: HashMap<String, UserDetails> = users
        .into_iter()
        .map(|details| (details.account.user.id.clone(), details))
        .collect();
    Ok(UserPage {
        users: places
            .iter()
            .filter_map(|place| users.remove(&place.tie_break))
            .collect(),
        next: places.pop().filter(|_| !is_last).map(Position::cursor),
    })
}
