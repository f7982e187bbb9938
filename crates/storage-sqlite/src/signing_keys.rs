//! Signing keys of access tokens.

use gatewright_storage::{AuditEvent, SigningKeys, StorageError, StoredSigningKey, Timestamp};

use crate::audit::{FORGET_DECISION, IF_DECIDED, append_with};
use crate::executor::{Executor, Statement};
use crate::storage::SqliteStorage;
use crate::value::Row;

const LIST: &str = "SELECT kid, algorithm, public_jwk, sealed, created_at, retired_at, expires_at, emergency FROM signing_keys
    ORDER BY created_at, kid";

// Leaves a mark until the end of the batch, if the caller has seen the unretired key of the algorithm.
const DECIDE: &str = "INSERT INTO decisions (id) SELECT ?1
    WHERE ?2 IS (SELECT kid FROM signing_keys WHERE algorithm = ?3 AND retired_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM signing_keys WHERE kid = ?1)";
// In an emergency, keys that were retired before also expire.
const RETIRE: &str = "UPDATE signing_keys
    SET retired_at = coalesce(retired_at, ?2), expires_at = min(coalesce(expires_at, ?3), ?3)
    WHERE (retired_at IS NULL OR ?4) AND EXISTS (SELECT 1 FROM decisions WHERE id = ?1)";
const ADD: &str =
    "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed, created_at, emergency)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM decisions WHERE id = ?1)";

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
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let kid = || key.kid.as_str().into();
        let decide = vec![kid(), replaces.into(), key.algorithm.as_str().into()];
        let retire = vec![
            kid(),
            key.created_at.into(),
            replaced_expires_at.into(),
            u64::from(key.emergency).into(),
        ];
        let add = vec![
            kid(),
            key.algorithm.into(),
            key.public_jwk.into(),
            key.ciphertext.into(),
            key.created_at.into(),
            u64::from(key.emergency).into(),
        ];
        let mut batch = vec![
            Statement::new(DECIDE, decide),
            Statement::new(RETIRE, retire),
            Statement::new(ADD, add),
        ];
        batch.extend(append_with(IF_DECIDED, events, &[&key.kid]));
        batch.push(Statement::new(FORGET_DECISION, vec![kid()]));
        let mut results = self.executor().batch(batch).await?;
        Ok(results.pop().is_some_and(|added| !added.is_empty()))
    }
}
