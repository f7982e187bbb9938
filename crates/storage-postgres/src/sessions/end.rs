//! Revocation of sessions.

use gatewright_storage::{AuditEvent, StorageError, Timestamp};

use crate::audit::{marked, marked_with};
use crate::columns::ids;
use crate::database::Database;
use crate::executor::Executor;
use crate::guards::lock_user;

const REVOKE: &str = marked!(
    "UPDATE sessions SET revoked_at = $2, revocation_reason = $3
    WHERE (id = $1 OR parent_id = $1) AND revoked_at IS NULL AND expires_at > $2 RETURNING id",
    "id = $1",
    "$4"
);

pub(crate) async fn revoke(
    database: &Database<impl Executor>,
    session_id: String,
    now: Timestamp,
    reason: String,
    events: Vec<AuditEvent>,
) -> Result<Vec<String>, StorageError> {
    let parameters = vec![session_id.into(), now.into(), reason.into()];
    let mut results = database
        .batch(marked_with(REVOKE, parameters, events))
        .await?;
    ids(results.swap_remove(0))
}

const REVOKE_ALL: &str = marked!(
    "UPDATE sessions SET revoked_at = $3, revocation_reason = $4
    WHERE (user_id = $1 OR actor_id = $1) AND id IS DISTINCT FROM $2::text AND revoked_at IS NULL AND expires_at > $3 RETURNING id",
    "true",
    "$5"
);

pub(crate) async fn revoke_all(
    database: &Database<impl Executor>,
    user_id: String,
    except: Option<String>,
    now: Timestamp,
    reason: String,
    events: Vec<AuditEvent>,
) -> Result<Vec<String>, StorageError> {
    // A session that is just starting is either revoked as well, or starts afterwards.
    let mut batch = vec![lock_user(&user_id)];
    let parameters = vec![user_id.into(), except.into(), now.into(), reason.into()];
    batch.extend(marked_with(REVOKE_ALL, parameters, events));
    let mut results = database.batch(batch).await?;
    ids(results.swap_remove(1))
}
