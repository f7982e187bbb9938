//! Counters.

use auth_core::Timestamp;
use auth_core::storage::{Limit, LimitState, StorageError};

use crate::executor::{Executor, Statement};
use crate::members::behind;
use crate::value::{Row, Value};

/// Most limits of one call; [`COUNT`] has parameters for one less before it.
const LIMITS: usize = 8;

// Counts unless one of the limits before it, each a key and its most, has just been exceeded.
const COUNT: &str = "INSERT INTO limits (key, count, resets_at) SELECT ?1, 1, ?2 + ?3
    WHERE (?4 IS NULL OR (SELECT count <= ?5 FROM limits WHERE key = ?4))
        AND (?6 IS NULL OR (SELECT count <= ?7 FROM limits WHERE key = ?6))
        AND (?8 IS NULL OR (SELECT count <= ?9 FROM limits WHERE key = ?8))
        AND (?10 IS NULL OR (SELECT count <= ?11 FROM limits WHERE key = ?10))
        AND (?12 IS NULL OR (SELECT count <= ?13 FROM limits WHERE key = ?12))
        AND (?14 IS NULL OR (SELECT count <= ?15 FROM limits WHERE key = ?14))
        AND (?16 IS NULL OR (SELECT count <= ?17 FROM limits WHERE key = ?16))
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN resets_at <= ?2 THEN 1 ELSE count + 1 END,
        resets_at = CASE WHEN resets_at <= ?2 THEN excluded.resets_at ELSE resets_at END
    RETURNING count, resets_at";

pub(crate) async fn count(
    executor: &impl Executor,
    limits: Vec<Limit>,
    now: Timestamp,
) -> Result<Vec<LimitState>, StorageError> {
    if limits.len() > LIMITS {
        return Err(StorageError::Invalid(format!(
            "more than {LIMITS} limits in one call"
        )));
    }
    let statements = limits.iter().enumerate().map(|(index, limit)| {
        let window = limit.window.as_millis() as u64;
        let mut parameters = vec![limit.key.as_str().into(), now.into(), window.into()];
        for before in &limits[..index] {
            parameters.extend([before.key.as_str().into(), before.most.into()]);
        }
        parameters.resize(1 + 2 * LIMITS, Value::Null);
        Statement::new(COUNT, parameters)
    });
    let read = |mut row: Row| {
        Ok(LimitState {
            count: row.next()?,
            resets_at: row.next()?,
        })
    };
    executor
        .batch(statements.collect())
        .await?
        .into_iter()
        .flatten()
        .map(read)
        .collect()
}

const CLEAR: &str = "DELETE FROM limits WHERE key >= ?1 AND key < ?2";

pub(crate) async fn clear(
    executor: &impl Executor,
    prefixes: Vec<String>,
) -> Result<(), StorageError> {
    let clear = |prefix: String| {
        let end = behind(&prefix);
        Statement::new(CLEAR, vec![prefix.into(), end.into()])
    };
    let batch = prefixes.into_iter().map(clear).collect();
    executor.batch(batch).await.map(drop)
}
