//! Maintenance of the whole database: deletion of expired data, and the check of the schema.

use std::time::Duration;

use gatewright_storage::{EmailKey, Maintenance, StorageError, Timestamp};
use gatewright_storage_sql::intervals::{KEEP_FOR, PURGE_EVERY, WRITTEN_FOR};

use crate::email_keys;
use crate::executor::{Executor, Statement};
use crate::migrations;
use crate::storage::SqliteStorage;

const FIND_FINGERPRINT: &str = "SELECT fingerprint FROM key_fingerprint WHERE one = 1";
// The update changes nothing, so that the stored row is returned.
const STORE_FINGERPRINT: &str = "INSERT INTO key_fingerprint (one, fingerprint) VALUES (1, ?1)
    ON CONFLICT (one) DO UPDATE SET fingerprint = key_fingerprint.fingerprint RETURNING fingerprint";

// Ignores a write by an instance whose clock was ahead.
const WRITTEN: &str =
    "SELECT 1 FROM limits WHERE key = 'written' AND resets_at > ?1 AND resets_at <= ?2";
const WRITE: &str = "INSERT INTO limits (key, count, resets_at) VALUES ('written', 1, ?1)
    ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at";
// About 128 KiB with its index, more than a request writes: a nearly full disk still takes a small write.
const EMPTY: &str = "DELETE FROM limits WHERE key >= 'written/' AND key < 'written0'";
const FILL: &str = "INSERT INTO limits (key, count, resets_at)
    VALUES ('written/' || hex(randomblob(32768)), 1, ?1)";

const DUE: &str =
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM limits WHERE key = 'purge' AND resets_at > ?1)";
// Of several concurrent callers exactly one gets a row.
const CLAIM: &str = "INSERT INTO limits (key, count, resets_at) VALUES ('purge', 1, ?1 + ?2)
    ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at WHERE resets_at <= ?1 RETURNING 1";

/// Deletes expired data, and events that are older than `audit_retention` (`None` deletes no events), unless this
/// process or another did so within [`PURGE_EVERY`]. Returns whether this call did so. The retention is awaited only in
/// that case.
///
/// # Errors
/// The database could not delete the data, or the retention could not be read. A later call tries again.
pub async fn purge_when_due(
    executor: &impl Executor,
    now: Timestamp,
    audit_retention: impl Future<Output = Result<Option<Duration>, String>>,
) -> Result<bool, StorageError> {
    // A query comes first, because most calls have nothing to do and must not wait for a writer.
    let due = executor
        .query(Statement::new(DUE, vec![now.into()]))
        .await?;
    if due.is_empty() {
        return Ok(false);
    }
    let every = PURGE_EVERY.as_millis() as u64;
    let claimed = executor
        .execute(Statement::new(CLAIM, vec![now.into(), every.into()]))
        .await?;
    if claimed.is_empty() {
        return Ok(false);
    }
    let audit_retention = audit_retention.await.map_err(StorageError::Invalid)?;
    let before = |span: Duration| {
        Timestamp::from_millis(now.as_millis().saturating_sub(span.as_millis() as u64))
    };
    // The statements run one by one and return no rows, so that the database is never locked between two requests to
    // it.
    for statement in statements(now, before(KEEP_FOR), audit_retention.map(before)) {
        executor.execute(statement).await?;
    }
    Ok(true)
}

const PURGE_LIMITS: &str = "DELETE FROM limits WHERE resets_at <= ?1 AND key <> 'purge'";
const PURGE_DOCUMENTS: &str = "DELETE FROM documents WHERE expires_at <= ?1";
const PURGE_ENDED: [&str; 4] = [
    "DELETE FROM one_time_secrets WHERE expires_at < ?1",
    "DELETE FROM refresh_tokens WHERE expires_at < ?1",
    "DELETE FROM sessions WHERE expires_at < ?1",
    "DELETE FROM sessions WHERE revoked_at < ?1",
];

// Limits the number of rows for each run; later runs delete the rest.
const PURGE_AUDIT: &str = "DELETE FROM audit_events WHERE id IN (
    SELECT id FROM audit_events WHERE at < ?1 ORDER BY at LIMIT 5000)";

fn statements(
    now: Timestamp,
    ended_before: Timestamp,
    audited_before: Option<Timestamp>,
) -> Vec<Statement> {
    let mut statements = vec![
        Statement::new(PURGE_LIMITS, vec![now.into()]),
        Statement::new(PURGE_DOCUMENTS, vec![now.into()]),
    ];
    statements.extend(
        PURGE_ENDED
            .iter()
            .map(|sql| Statement::new(sql, vec![ended_before.into()])),
    );
    if let Some(before) = audited_before {
        statements.push(Statement::new(PURGE_AUDIT, vec![before.into()]));
    }
    statements
}

impl<E: Executor> Maintenance for SqliteStorage<E> {
    async fn purge(
        &self,
        now: Timestamp,
        ended_before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError> {
        let mut statements = statements(now, ended_before, audited_before);
        for statement in &mut statements {
            statement.sql = format!("{} RETURNING 1", statement.sql).into();
        }
        Ok(self
            .executor()
            .batch(statements)
            .await?
            .iter()
            .map(|rows| rows.len() as u64)
            .sum())
    }

    async fn check(&self, now: Timestamp) -> Result<(), StorageError> {
        migrations::check(self.executor()).await?;
        let until = now + WRITTEN_FOR;
        // A query comes first, so that frequent checks write nothing and wait for no writer.
        let written = Statement::new(WRITTEN, vec![now.into(), until.into()]);
        if self.executor().query(written).await?.is_empty() {
            let write = [
                Statement::new(EMPTY, vec![]),
                Statement::new(FILL, vec![until.into()]),
                Statement::new(WRITE, vec![until.into()]),
            ];
            self.executor().batch(write.into()).await?;
        }
        Ok(())
    }

    async fn find_key_fingerprint(&self) -> Result<Option<String>, StorageError> {
        let query = Statement::new(FIND_FINGERPRINT, vec![]);
        let rows = self.executor().query(query).await?;
        let mut rows = rows.into_iter();
        rows.next().map(|mut row| row.next()).transpose()
    }

    async fn store_key_fingerprint(&self, fingerprint: String) -> Result<String, StorageError> {
        let store = Statement::new(STORE_FINGERPRINT, vec![fingerprint.into()]);
        let rows = self.executor().execute(store).await?;
        let stored = rows.into_iter().next().map(|mut row| row.next());
        stored.unwrap_or_else(|| Err(StorageError::Invalid("no fingerprint is stored".to_owned())))
    }

    async fn list_old_email_keys(&self) -> Result<Vec<EmailKey>, StorageError> {
        email_keys::list_old(self.executor()).await
    }

    async fn renew_email_keys(&self, keys: Vec<EmailKey>) -> Result<Vec<String>, StorageError> {
        email_keys::renew(self.executor(), keys).await
    }
}
