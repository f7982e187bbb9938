//! Pages of the list of users.

use gatewright_storage::{StorageError, UserPage, UserQuery};

use crate::executor::{Executor, Statement};
use crate::users::filters::{filters, small_filter_rows};
use crate::users::find::member;
use crate::users::parts::parts;
use crate::value::Value;
use gatewright_storage_sql::position::Position;
use gatewright_storage_sql::text::prefix_upper_bound;

/// Maximum number of users on a page.
const LIMIT: u64 = 500;

pub(crate) async fn list(
    executor: &impl Executor,
    query: UserQuery,
) -> Result<UserPage, StorageError> {
    let descending = query.descending && query.search.is_none();
    let limit = query.limit.clamp(1, LIMIT);
    let small_filter_rows = small_filter_rows(executor, &query).await?;
    let (mut users, mut places) = (Vec::new(), Vec::new());
    let after = query.after.as_ref().map(Position::read).transpose()?;
    let first = after.as_ref().map_or(0, |place| place.part);
    let parts = (0..).zip(parts(&query, descending));
    for (part, (sql, key, tie, start)) in parts.skip_while(|(part, _)| *part < first) {
        // One row more than the page shows whether there is a next page.
        let wanted = limit + 1 - users.len() as u64;
        let mut parameters = filters(&query, wanted);
        parameters.extend(match &after {
            Some(after) if after.part == part => {
                [key.parse(&after.key)?, tie.parse(&after.tie_break)?]
            }
            _ => [start, tie.start(descending)],
        });
        let search = query.search.as_deref();
        let sql = match &small_filter_rows {
            None => {
                parameters.extend(
                    search
                        .into_iter()
                        .flat_map(|text| [text.into(), prefix_upper_bound(text).into()]),
                );
                sql[0]
            }
            Some(small_filter_rows) => {
                parameters.extend([
                    search.into(),
                    search.map(prefix_upper_bound).into(),
                    small_filter_rows.as_str().into(),
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
            places.push(Position {
                part,
                key: text()?,
                tie_break: text()?,
            });
            users.push(member(&mut row)?);
        }
        if users.len() as u64 > limit {
            users.pop();
            places.pop();
            return Ok(UserPage {
                users,
                next: places.pop().map(Position::cursor),
            });
        }
    }
    Ok(UserPage { users, next: None })
}
