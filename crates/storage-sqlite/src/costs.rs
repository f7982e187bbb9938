//! The most work that a password hash of each kind is.

use auth_core::storage::{PasswordCost, StorageError};

use crate::executor::{Executor, Statement};
use crate::value::Row;

const LIST: &str = "SELECT kind, work, decoy FROM password_costs";

pub(crate) async fn list(executor: &impl Executor) -> Result<Vec<PasswordCost>, StorageError> {
    let read = |mut row: Row| {
        Ok(PasswordCost {
            kind: row.next()?,
            work: row.next()?,
            decoy: row.next()?,
        })
    };
    let rows = executor.query(Statement::new(LIST, vec![])).await?;
    rows.into_iter().map(read).collect()
}

const RAISE: &str = "INSERT INTO password_costs (kind, work, decoy) VALUES (?1, ?2, ?3)
    ON CONFLICT (kind) DO UPDATE SET work = excluded.work, decoy = excluded.decoy WHERE excluded.work > work";

pub(crate) async fn raise(
    executor: &impl Executor,
    costs: Vec<PasswordCost>,
) -> Result<(), StorageError> {
    let raise = |cost: PasswordCost| {
        let parameters = vec![cost.kind.into(), cost.work.into(), cost.decoy.into()];
        Statement::new(RAISE, parameters)
    };
    let batch = costs.into_iter().map(raise).collect();
    executor.batch(batch).await.map(drop)
}
