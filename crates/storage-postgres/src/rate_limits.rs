//! Counters for rate limits.

use gatewright_storage::{Limit, LimitState, RateLimits, StorageError, Timestamp};

use crate::executor::{Executor, Statement};
use crate::storage::PostgresStorage;
use crate::value::Value;
use gatewright_storage_sql::text::prefix_upper_bound;

// Counts a limit, unless this event exceeds an earlier one. The statements before have locked the earlier ones.
const COUNT: &str = "INSERT INTO limits (key, count, resets_at) SELECT $2, 1, $1::bigint + $3::bigint
    WHERE NOT EXISTS (
        SELECT 1 FROM unnest($4::text[], $5::bigint[]) AS earlier (name, most) JOIN limits ON limits.key = earlier.name
        WHERE limits.count > earlier.most AND limits.resets_at > $1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN limits.resets_at <= $1 THEN 1 ELSE limits.count + 1 END,
        resets_at = CASE WHEN limits.resets_at <= $1 THEN excluded.resets_at ELSE limits.resets_at END
    RETURNING count, resets_at";

const CLEAR: &str = "DELETE FROM limits WHERE key >= $1 AND key < $2";

impl<E: Executor> RateLimits for PostgresStorage<E> {
    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError> {
        let (mut names, mut most) = (Vec::new(), Vec::new());
        let mut batch = Vec::new();
        for limit in limits {
            let parameters = vec![
                now.into(),
                limit.key.as_str().into(),
                (limit.window.as_millis() as u64).into(),
                names.clone().into(),
                Value::Integers(most.iter().copied().map(Some).collect()),
            ];
            batch.push(Statement::new(COUNT, parameters));
            names.push(limit.key);
            most.push(i64::try_from(limit.max).unwrap_or(i64::MAX));
        }
        let counted = match batch.len() {
            1 => match batch.pop() {
                Some(only) => vec![self.database().execute(only).await?],
                None => vec![],
            },
            _ => self.database().batch(batch).await?,
        };
        let read = |mut row: crate::value::Row| {
            Ok(LimitState {
                count: row.next()?,
                resets_at: row.next()?,
            })
        };
        counted.into_iter().flatten().map(read).collect()
    }

    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError> {
        let clear = |prefix: String| {
            let end = prefix_upper_bound(&prefix);
            Statement::new(CLEAR, vec![prefix.into(), end.into()])
        };
        let batch = prefixes.into_iter().map(clear).collect();
        self.database().batch(batch).await.map(drop)
    }
}
