//! Maintenance of the whole database: deletion of expired data, and the check of the schema.

use std::time::Duration;

use gatewright_storage::{EmailKey, Maintenance, StorageError, Timestamp};
use gatewright_storage_sql::intervals::{KEEP_FOR, PURGE_EVERY, WRITTEN_FOR};

use crate::database::Database;
use crate::email_keys;
use crate::executor::{Executor, Statement};
use crate::migrations;
use crate::storage::PostgresStorage;

const FIND_FINGERPRINT: &str = "SELECT fingerprint FROM key_fingerprint WHERE one = 1";
// The update changes nothing, so that the stored row is returned.
const STORE_FINGERPRINT: &str = "INSERT INTO key_fingerprint (one, fingerprint) VALUES (1, $1)
    ON CONFLICT (one) DO UPDATE SET fingerprint = key_fingerprint.fingerprint RETURNING fingerprint";

// Ignores a write by an instance whose clock was ahead.
const WRITTEN: &str =
    "SELECT 1 FROM limits WHERE key = 'written' AND resets_at > $1 AND resets_at <= $2";
const WRITE: &str = "INSERT INTO limits (key, count, resets_at) VALUES ('written', 1, $1)
    ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at";

const DUE: &str =
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM limits WHERE key = 'purge' AND resets_at > $1)";
// Of several concurrent callers exactly one gets a row.
const CLAIM: &str = "INSERT INTO limits (key, count, resets_at) VALUES ('purge', 1, $1::bigint + $2::bigint)
    ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at WHERE limits.resets_at <= $1 RETURNING 1";

/// Deletes expired data, and events that are older than `audit_retention` (`None` deletes no events), unless this
/// process or another did so within [`PURGE_EVERY`]. Returns whether this call did so. The retention is awaited only in
/// that case.
///
/// # Errors
/// The database could not delete the data, or the retention could not be read. A later call tries again.
pub async fn purge_when_due(
    storage: &PostgresStorage<impl Executor>,
    now: Timestamp,
    audit_retention: impl Future<Output = Result<Option<Duration>, String>>,
) -> Result<bool, StorageError> {
    // A query comes first, because most calls have nothing to do and must write nothing.
    let due = storage
        .database()
        .query(Statement::new(DUE, vec![now.into()]))
        .await?;
    if due.is_empty() {
        return Ok(false);
    }
    let every = PURGE_EVERY.as_millis() as u64;
    let claimed = storage
        .database()
        .execute(Statement::new(CLAIM, vec![now.into(), every.into()]))
        .await?;
    if claimed.is_empty() {
        return Ok(false);
    }
    let audit_retention = audit_retention.await.map_err(StorageError::Invalid)?;
    let before = |span: Duration| {
        Timestamp::from_millis(now.as_millis().saturating_sub(span.as_millis() as u64))
    };
    let statements = statements(now, before(KEEP_FOR), audit_retention.map(before));
    delete(storage.database(), statements).await?;
    Ok(true)
}

/// Runs each statement until it finds no more rows, and returns the number of deleted rows. Each portion is a transaction,
/// so that no row stays locked for long.
async fn delete(
    database: &Database<impl Executor>,
    statements: Vec<Statement>,
) -> Result<u64, StorageError> {
    let mut deleted = 0;
    for statement in statements {
        for _ in 0..MOST_PORTIONS {
            let portion = database.execute(statement.clone()).await?.len() as u64;
            deleted += portion;
            if portion < PORTION {
                break;
            }
        }
    }
    Ok(deleted)
}

/// The maximum number of rows that a statement deletes. Sessions take their tokens along.
const PORTION: u64 = 2000;
/// The maximum number of portions of each kind that a run deletes; later runs delete the rest.
const MOST_PORTIONS: usize = 500;

/// Deletes a portion of the rows of a table that fulfil a condition, which an index finds.
macro_rules! delete {
    ($table:literal, $key:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $condition,
            " LIMIT $2) RETURNING 1"
        )
    };
}
const PURGE_LIMITS: &str = delete!("limits", "key", "resets_at <= $1 AND key <> 'purge'");
const PURGE_DOCUMENTS: &str = delete!("documents", "name", "expires_at <= $1");
const PURGE_ENDED: [&str; 4] = [
    delete!("one_time_secrets", "digest", "expires_at < $1"),
    delete!("refresh_tokens", "digest", "expires_at < $1"),
    delete!("sessions", "id", "expires_at < $1"),
    delete!("sessions", "id", "revoked_at < $1"),
];
const PURGE_AUDIT: &str = delete!("audit_events", "id", "at < $1");

fn statements(
    now: Timestamp,
    ended_before: Timestamp,
    audited_before: Option<Timestamp>,
) -> Vec<Statement> {
    let of = |sql, before: Timestamp| Statement::new(sql, vec![before.into(), PORTION.into()]);
    let ended = PURGE_ENDED.iter().map(|sql| of(sql, ended_before));
    let audited = audited_before.map(|before| of(PURGE_AUDIT, before));
    [of(PURGE_LIMITS, now), of(PURGE_DOCUMENTS, now)]
        .into_iter()
        .chain(ended)
        .chain(audited)
        .collect()
}

impl<E: Executor> Maintenance for PostgresStorage<E> {
    async fn purge(
        &self,
        now: Timestamp,
        ended_before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError> {
        let statements = statements(now, ended_before, audited_before);
        delete(self.database(), statements).await
    }

    async fn check(&self, now: Timestamp) -> Result<(), StorageError> {
        migrations::check(self.executor()).await?;
        let until = now + WRITTEN_FOR;
        // A query comes first, so that frequent checks write nothing.
        let written = Statement::new(WRITTEN, vec![now.into(), until.into()]);
        if self.database().query(written).await?.is_empty() {
            let write = Statement::new(WRITE, vec![until.into()]);
            self.database().execute(write).await?;
        }
        Ok(())
    }

    async fn find_key_fingerprint(&self) -> Result<Option<String>, StorageError> {
        let query = Statement::new(FIND_FINGERPRINT, vec![]);
        let rows = self.database().query(query).await?;
        let mut rows = rows.into_iter();
        rows.next().map(|mut row| row.next()).transpose()
    }

    async fn store_key_fingerprint(&self, fingerprint: String) -> Result<String, StorageError> {
        let store = Statement::new(STORE_FINGERPRINT, vec![fingerprint.into()]);
        let rows = self.database().execute(store).await?;
        let stored = rows.into_iter().next().map(|mut row| row.next());
        stored.unwrap_or_else(|| Err(StorageError::Invalid("no fingerprint is stored".to_owned())))
    }

    async fn list_old_email_keys(&self) -> Result<Vec<EmailKey>, StorageError> {
        email_keys::list_old(self.database()).await
    }

    async fn renew_email_keys(&self, keys: Vec<EmailKey>) -> Result<Vec<String>, StorageError> {
        email_keys::renew(self.database(), keys).await
    }
}
