//! Revocation of sessions.

use gatewright_storage::{StorageError, Timestamp};

use crate::columns::ids;
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::guards::lock_user;

const REVOKE: &str = "UPDATE sessions SET revoked_at = $2, revocation_reason = $3
    WHERE (id = $1 OR parent_id = $1) AND revoked_at IS NULL AND expires_at > $2 RETURNING id";

pub(crate) async fn revoke(
    database: &Database<impl Executor>,
    session_id: String,
    now: Timestamp,
    reason: String,
) -> Result<Vec<String>, StorageError> {
    let parameters = vec![session_id.into(), now.into(), reason.into()];
    ids(database.execute(Statement::new(REVOKE, parameters)).await?)
}

const REVOKE_ALL: &str = "UPDATE sessions SET revoked_at = $3, revocation_reason = $4
    WHERE (user_id = $1 OR actor_id = $1) AND id IS DISTINCT FROM $2::text AND revoked_at IS NULL AND expires_at > $3 RETURNING id";

pub(crate) async fn revoke_all(
    database: &Database<impl Executor>,
    user_id: String,
    except: Option<String>,
    now: Timestamp,
    reason: String,
) -> Result<Vec<String>, StorageError> {
    // A session that is just starting is either revoked as well, or starts afterwards.
    let lock = lock_user(&user_id);
    let parameters = vec![user_id.into(), except.into(), now.into(), reason.into()];
    let revoke = Statement::new(REVOKE_ALL, parameters);
    let mut results = database.batch(vec![lock, revoke]).await?;
    ids(results.pop().unwrap_or_default())
}
