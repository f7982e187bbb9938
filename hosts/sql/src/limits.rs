//! Counters, and the clearing out of what can't matter any more.

use auth_core::Timestamp;
use auth_core::storage::{Limit, LimitState, StorageError};

use crate::executor::{Executor, Statement};
use crate::value::Row;

const COUNT: &str = "INSERT INTO limits (key, count, resets_at) VALUES (?1, 1, ?2 + ?3)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN resets_at <= ?2 THEN 1 ELSE count + 1 END,
        resets_at = CASE WHEN resets_at <= ?2 THEN excluded.resets_at ELSE resets_at END
    RETURNING count, resets_at";

pub(crate) async fn count(
    executor: &impl Executor,
    limits: Vec<Limit>,
    now: Timestamp,
) -> Result<Vec<LimitState>, StorageError> {
    let statements = limits.into_iter().map(|limit| {
        let window = limit.window.as_millis() as u64;
        Statement::new(COUNT, vec![limit.key.into(), now.into(), window.into()])
    });
    let read = |rows: Vec<Row>| match rows.into_iter().next() {
        Some(mut row) => Ok(LimitState {
            count: row.next()?,
            resets_at: row.next()?,
        }),
        None => Err(StorageError::Invalid("a counter returned nothing".into())),
    };
    executor
        .batch(statements.collect())
        .await?
        .into_iter()
        .map(read)
        .collect()
}

const PURGE: [&str; 4] = [
    "DELETE FROM refresh_tokens WHERE expires_at < ?1 RETURNING 1",
    "DELETE FROM sessions WHERE expires_at < ?1 RETURNING 1",
    "DELETE FROM sessions WHERE revoked_at < ?1 RETURNING 1",
    "DELETE FROM limits WHERE resets_at < ?1 RETURNING 1",
];

pub(crate) async fn purge(
    executor: &impl Executor,
    before: Timestamp,
) -> Result<u64, StorageError> {
    let statements = PURGE
        .iter()
        .map(|sql| Statement::new(sql, vec![before.into()]))
        .collect();
    Ok(executor
        .batch(statements)
        .await?
        .iter()
        .map(|rows| rows.len() as u64)
        .sum())
}
