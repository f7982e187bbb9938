//! Counters for rate limits.

use gatewright_storage::{Limit, LimitState, RateLimits, StorageError, Timestamp};

use crate::executor::{Executor, Statement};
use crate::storage::SqliteStorage;
use crate::value::Row;
use gatewright_storage_sql::text::prefix_upper_bound;

// One statement that counts each limit in order, unless this event exceeds an earlier one.
const COUNT: &str = "WITH item AS MATERIALIZED (
        SELECT key AS place, value ->> 0 AS name, value ->> 1 AS most, value ->> 2 AS span FROM json_each(?2)),
    reached AS MATERIALIZED (
        SELECT item.*, CASE WHEN limits.resets_at > ?1 THEN limits.count + 1 ELSE 1 END AS times
        FROM item LEFT JOIN limits ON limits.key = item.name)
    INSERT INTO limits (key, count, resets_at) SELECT name, 1, ?1 + span FROM reached
    WHERE NOT EXISTS (SELECT 1 FROM reached AS earlier WHERE earlier.place < reached.place AND earlier.times > earlier.most)
    ORDER BY place
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN resets_at <= ?1 THEN 1 ELSE count + 1 END,
        resets_at = CASE WHEN resets_at <= ?1 THEN excluded.resets_at ELSE resets_at END
    RETURNING key, count, resets_at";

const CLEAR: &str = "DELETE FROM limits WHERE key >= ?1 AND key < ?2";

impl<E: Executor> RateLimits for SqliteStorage<E> {
    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError> {
        let item = |limit: &Limit| {
            let window = limit.window.as_millis() as u64;
            serde_json::json!([limit.key, limit.max, window])
        };
        let items: serde_json::Value = limits.iter().map(item).collect();
        let parameters = vec![now.into(), items.to_string().into()];
        let rows = self
            .executor()
            .execute(Statement::new(COUNT, parameters))
            .await?;
        let read = |mut row: Row| {
            let key: String = row.next()?;
            let state = LimitState {
                count: row.next()?,
                resets_at: row.next()?,
            };
            Ok((key, state))
        };
        let mut counted = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // SQLite guarantees no order of the rows of `RETURNING`.
        let place = |key: &str| limits.iter().position(|limit| limit.key == key);
        counted.sort_by_key(|(key, _)| place(key));
        Ok(counted.into_iter().map(|(_, state)| state).collect())
    }

    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError> {
        let clear = |prefix: String| {
            let end = prefix_upper_bound(&prefix);
            Statement::new(CLEAR, vec![prefix.into(), end.into()])
        };
        let batch = prefixes.into_iter().map(clear).collect();
        self.executor().batch(batch).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use gatewright_storage::{Audit as _, AuditEvent};

    use super::*;

    /// A database without transactions of several statements.
    #[derive(Default)]
    struct OneByOne(AtomicUsize);

    impl Executor for OneByOne {
        async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
            self.execute(statement).await
        }

        async fn execute(&self, _: Statement) -> Result<Vec<Row>, StorageError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Vec::new())
        }

        async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError> {
            panic!("a transaction of {} statements", statements.len())
        }
    }

    fn ready_now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done,
            Poll::Pending => panic!("nothing waits here"),
        }
    }

    /// Every attempt, successful or not, runs these functions, so they must not lock the database from one statement to
    /// the next.
    #[test]
    fn attempts_are_counted_and_told_in_one_statement_each() {
        let storage = SqliteStorage::new(OneByOne::default());
        let run = || storage.executor().0.load(Ordering::Relaxed);
        let limit = |key: &str| Limit {
            key: key.to_owned(),
            window: Duration::from_secs(1),
            max: 1,
        };
        let now = Timestamp::from_millis(0);
        let limits = vec![limit("a"), limit("b"), limit("c"), limit("d")];
        assert_eq!(ready_now(storage.count(limits, now)), Ok(Vec::new()));
        assert_eq!(run(), 1);
        let event = AuditEvent {
            id: "1".to_owned(),
            at: now,
            kind: "login.failed".to_owned(),
            reason: None,
            actor_id: None,
            target_type: None,
            target_id: None,
            session_id: None,
            ip: None,
            user_agent: None,
            request_id: None,
            details: "{}".to_owned(),
        };
        assert_eq!(ready_now(storage.append_audit(event)), Ok(false));
        assert_eq!(run(), 2);
    }
}
