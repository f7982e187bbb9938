//! One-time secrets.

use gatewright_storage::{OneTimeSecret, OneTimeSecrets, StorageError, Timestamp};

use crate::executor::{Executor, Statement};
use crate::storage::SqliteStorage;
use crate::value::Row;

const DELETE_UNUSED: &str =
    "DELETE FROM one_time_secrets WHERE purpose = ?1 AND user_id = ?2 AND consumed_at IS NULL";
const INSERT: &str = "INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at, consumed_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const FIND: &str = "SELECT digest, purpose, user_id, payload, created_at, expires_at, consumed_at
    FROM one_time_secrets WHERE digest = ?1";

const CONSUME: &str = "UPDATE one_time_secrets SET consumed_at = ?2
    WHERE digest = ?1 AND consumed_at IS NULL AND expires_at > ?2 RETURNING 1";

impl<E: Executor> OneTimeSecrets for SqliteStorage<E> {
    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<(), StorageError> {
        let mut batch = Vec::new();
        if replaces {
            let parameters = vec![
                secret.purpose.as_str().into(),
                secret.user_id.clone().into(),
            ];
            batch.push(Statement::new(DELETE_UNUSED, parameters));
        }
        let parameters = vec![
            secret.digest.into(),
            secret.purpose.into(),
            secret.user_id.into(),
            secret.payload.into(),
            secret.created_at.into(),
            secret.expires_at.into(),
            secret.consumed_at.into(),
        ];
        batch.push(Statement::new(INSERT, parameters));
        self.executor().batch(batch).await.map(|_| ())
    }

    async fn find_one_time_secret(
        &self,
        digest: String,
    ) -> Result<Option<OneTimeSecret>, StorageError> {
        let read = |mut row: Row| {
            Ok(OneTimeSecret {
                digest: row.next()?,
                purpose: row.next()?,
                user_id: row.next()?,
                payload: row.next()?,
                created_at: row.next()?,
                expires_at: row.next()?,
                consumed_at: row.next()?,
            })
        };
        let rows = self
            .executor()
            .query(Statement::new(FIND, vec![digest.into()]))
            .await?;
        rows.into_iter().next().map(read).transpose()
    }

    async fn consume_one_time_secret(
        &self,
        digest: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let consume = Statement::new(CONSUME, vec![digest.into(), now.into()]);
        Ok(!self.executor().execute(consume).await?.is_empty())
    }
}
