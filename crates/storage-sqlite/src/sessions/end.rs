//! Revocation of sessions.

use gatewright_storage::{StorageError, Timestamp};

use crate::columns::ids;
use crate::executor::{Executor, Statement};

const REVOKE: &str = "UPDATE sessions SET revoked_at = ?2, revocation_reason = ?3
    WHERE (id = ?1 OR parent_id = ?1) AND revoked_at IS NULL AND expires_at > ?2 RETURNING id";

pub(crate) async fn revoke(
    executor: &impl Executor,
    session_id: String,
    now: Timestamp,
    reason: String,
) -> Result<Vec<String>, StorageError> {
    let parameters = vec![session_id.into(), now.into(), reason.into()];
    ids(executor.execute(Statement::new(REVOKE, parameters)).await?)
}

const REVOKE_ALL: &str = "UPDATE sessions SET revoked_at = ?3, revocation_reason = ?4
    WHERE (user_id = ?1 OR actor_id = ?1) AND id IS NOT ?2 AND revoked_at IS NULL AND expires_at > ?3 RETURNING id";

pub(crate) async fn revoke_all(
    executor: &impl Executor,
    user_id: String,
    except: Option<String>,
    now: Timestamp,
    reason: String,
) -> Result<Vec<String>, StorageError> {
    let parameters = vec![user_id.into(), except.into(), now.into(), reason.into()];
    ids(executor
        .execute(Statement::new(REVOKE_ALL, parameters))
        .await?)
}
