//! Signing keys of access tokens.

use gatewright_storage::{SigningKeys, StorageError, StoredSigningKey, Timestamp};

use crate::executor::{Executor, Statement};
use crate::storage::SqliteStorage;
use crate::value::Row;

const LIST: &str = "SELECT kid, algorithm, public_jwk, sealed, created_at, retired_at, expires_at, emergency FROM signing_keys
    ORDER BY created_at, kid";

// Retires all unretired keys, if the caller has seen the one of the algorithm. In an emergency, keys that were retired
// before also expire.
const RETIRE: &str = "UPDATE signing_keys
    SET retired_at = coalesce(retired_at, ?3), expires_at = min(coalesce(expires_at, ?4), ?4)
    WHERE (retired_at IS NULL OR ?5)
        AND ?2 IS (SELECT kid FROM signing_keys WHERE algorithm = ?1 AND retired_at IS NULL)";
// The unique index admits one unretired key for each algorithm. If this batch did not retire the key that `replaces`
// names, another caller was first.
const ADD: &str = "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed, created_at, emergency)
    SELECT ?1, ?2, ?3, ?4, ?5, ?7
    WHERE ?6 IS NULL OR EXISTS (SELECT 1 FROM signing_keys WHERE kid = ?6 AND retired_at = ?5
        AND NOT EXISTS (SELECT 1 FROM signing_keys AS newer WHERE newer.algorithm = ?2 AND newer.retired_at IS NULL))
    ON CONFLICT DO NOTHING RETURNING 1";

impl<E: Executor> SigningKeys for SqliteStorage<E> {
    async fn list_signing_keys(&self) -> Result<Vec<StoredSigningKey>, StorageError> {
        let read = |mut row: Row| {
            Ok(StoredSigningKey {
                kid: row.next()?,
                algorithm: row.next()?,
                public_jwk: row.next()?,
                ciphertext: row.next()?,
                created_at: row.next()?,
                retired_at: row.next()?,
                expires_at: row.next()?,
                emergency: row.next()?,
            })
        };
        self.executor()
            .query(Statement::new(LIST, vec![]))
            .await?
            .into_iter()
            .map(read)
            .collect()
    }

    async fn add_signing_key(
        &self,
        key: StoredSigningKey,
        replaces: Option<String>,
        replaced_expires_at: Timestamp,
    ) -> Result<bool, StorageError> {
        let retire = Statement::new(
            RETIRE,
            vec![
                key.algorithm.as_str().into(),
                replaces.clone().into(),
                key.created_at.into(),
                replaced_expires_at.into(),
                u64::from(key.emergency).into(),
            ],
        );
        let add = Statement::new(
            ADD,
            vec![
                key.kid.into(),
                key.algorithm.into(),
                key.public_jwk.into(),
                key.ciphertext.into(),
                key.created_at.into(),
                replaces.into(),
                u64::from(key.emergency).into(),
            ],
        );
        Ok(self
            .executor()
            .batch(vec![retire, add])
            .await?
            .pop()
            .is_some_and(|rows| !rows.is_empty()))
    }
}
