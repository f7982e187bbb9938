//! One-time secrets.

use gatewright_storage::{OneTimeSecret, OneTimeSecrets, StorageError, Timestamp};

use crate::executor::{Executor, Statement};
use crate::guards::lock_user;
use crate::storage::PostgresStorage;
use crate::value::Row;

const DELETE_UNUSED: &str = "DELETE FROM one_time_secrets
    WHERE purpose = $1 AND user_id = $2 AND consumed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM one_time_secrets AS same WHERE same.digest = $3)";
const INSERT: &str = "INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at, consumed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING RETURNING 1";

const FIND: &str = "SELECT digest, purpose, user_id, payload, created_at, expires_at, consumed_at
    FROM one_time_secrets WHERE digest = $1";

const CONSUME: &str = "UPDATE one_time_secrets SET consumed_at = $3
    WHERE digest = $1 AND purpose = $2 AND consumed_at IS NULL AND expires_at > $3
    RETURNING digest, purpose, user_id, payload, created_at, expires_at, NULL::bigint AS consumed_before";

/// Reads the columns of [`FIND`] and [`CONSUME`].
fn secret(mut row: Row) -> Result<OneTimeSecret, StorageError> {
    Ok(OneTimeSecret {
        digest: row.next()?,
        purpose: row.next()?,
        user_id: row.next()?,
        payload: row.next()?,
        created_at: row.next()?,
        expires_at: row.next()?,
        consumed_at: row.next()?,
    })
}

impl<E: Executor> OneTimeSecrets for PostgresStorage<E> {
    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<bool, StorageError> {
        let mut batch = Vec::new();
        if replaces {
            batch.extend(secret.user_id.as_deref().map(lock_user));
            let parameters = vec![
                secret.purpose.as_str().into(),
                secret.user_id.clone().into(),
                secret.digest.as_str().into(),
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
        let inserted = self.database().batch(batch).await?.pop();
        Ok(inserted.is_some_and(|rows| !rows.is_empty()))
    }

    async fn find_one_time_secret(
        &self,
        digest: String,
    ) -> Result<Option<OneTimeSecret>, StorageError> {
        let find = Statement::new(FIND, vec![digest.into()]);
        let rows = self.database().query(find).await?;
        rows.into_iter().next().map(secret).transpose()
    }

    async fn consume_one_time_secret(
        &self,
        digest: String,
        purpose: String,
        now: Timestamp,
    ) -> Result<Option<OneTimeSecret>, StorageError> {
        let parameters = vec![digest.into(), purpose.into(), now.into()];
        let consume = Statement::new(CONSUME, parameters);
        let rows = self.database().execute(consume).await?;
        rows.into_iter().next().map(secret).transpose()
    }
}
