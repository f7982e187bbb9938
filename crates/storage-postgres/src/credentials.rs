//! Credentials, and the costs of password hashes.

use gatewright_storage::{
    AuditEvent, Credential, Credentials, PasswordCost, StorageError, Timestamp,
};

use crate::audit::{marked, marked_with};
use crate::executor::{Executor, Statement};
use crate::storage::PostgresStorage;
use crate::value::Row;

const REPLACE_SECRET: &str = "UPDATE credentials SET secret = $3, updated_at = $4
    WHERE id = $1 AND secret = $2 RETURNING 1";

const ACCEPT_COUNTER: &str = "UPDATE credentials SET counter = $2, last_used_at = $3
    WHERE id = $1 AND (counter IS NULL OR counter < $2) RETURNING 1";

const DELETE_CREDENTIAL: &str = marked!(
    "DELETE FROM credentials WHERE id = $1 RETURNING id",
    "true",
    "$2"
);

const LIST_COSTS: &str = "SELECT kind, work, decoy FROM password_costs";

const RAISE_COST: &str = "INSERT INTO password_costs (kind, work, decoy) VALUES ($1, $2, $3)
    ON CONFLICT (kind) DO UPDATE SET work = excluded.work, decoy = excluded.decoy WHERE excluded.work > password_costs.work";

const INSERT_CREDENTIAL: &str =
    "INSERT INTO credentials (id, user_id, kind, secret, counter, label, created_at, updated_at, last_used_at)
    SELECT $1, id, $3, $4, $5, $6, $7, $8, $9 FROM users WHERE id = $2 AND change_id = $10";

/// Stores a credential of a user, if this change was applied to the user.
pub(crate) fn insert_credential(credential: Credential, change_id: &str) -> Statement {
    let parameters = vec![
        credential.id.into(),
        credential.user_id.into(),
        credential.kind.into(),
        credential.secret.into(),
        credential.counter.into(),
        credential.label.into(),
        credential.created_at.into(),
        credential.updated_at.into(),
        credential.last_used_at.into(),
        change_id.into(),
    ];
    Statement::new(INSERT_CREDENTIAL, parameters)
}

impl<E: Executor> Credentials for PostgresStorage<E> {
    async fn replace_credential_secret(
        &self,
        credential_id: String,
        expected: String,
        replacement: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let parameters = vec![
            credential_id.into(),
            expected.into(),
            replacement.into(),
            now.into(),
        ];
        Ok(!self
            .database()
            .execute(Statement::new(REPLACE_SECRET, parameters))
            .await?
            .is_empty())
    }

    async fn accept_counter(
        &self,
        credential_id: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let parameters = vec![credential_id.into(), counter.into(), now.into()];
        let accepted = self
            .database()
            .execute(Statement::new(ACCEPT_COUNTER, parameters));
        Ok(!accepted.await?.is_empty())
    }

    async fn delete_credential(
        &self,
        credential_id: String,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let parameters = vec![credential_id.into()];
        let results = self
            .database()
            .batch(marked_with(DELETE_CREDENTIAL, parameters, events))
            .await?;
        Ok(results.first().is_some_and(|deleted| !deleted.is_empty()))
    }

    async fn list_password_costs(&self) -> Result<Vec<PasswordCost>, StorageError> {
        let read = |mut row: Row| {
            Ok(PasswordCost {
                kind: row.next()?,
                work: row.next()?,
                decoy: row.next()?,
            })
        };
        let rows = self
            .database()
            .query(Statement::new(LIST_COSTS, vec![]))
            .await?;
        rows.into_iter().map(read).collect()
    }

    async fn raise_password_costs(&self, costs: Vec<PasswordCost>) -> Result<(), StorageError> {
        let raise = |cost: PasswordCost| {
            let parameters = vec![cost.kind.into(), cost.work.into(), cost.decoy.into()];
            Statement::new(RAISE_COST, parameters)
        };
        let batch = costs.into_iter().map(raise).collect();
        self.database().batch(batch).await.map(drop)
    }
}
