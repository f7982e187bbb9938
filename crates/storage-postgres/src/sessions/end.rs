//! Revocation of sessions.

use gatewright_storage::{AuditEvent, StorageError, Timestamp};

use crate::audit::{IF_ACTIVE, IF_ANY_ACTIVE, append_if};
use crate::columns::ids;
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::guards::lock_user;

// Of concurrent revocations, the one that comes first stores its events.
const LOCK_SESSION: &str = "SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE";
const REVOKE: &str = "UPDATE sessions SET revoked_at = $2, revocation_reason = $3
    WHERE (id = $1 OR parent_id = $1) AND revoked_at IS NULL AND expires_at > $2 RETURNING id";

pub(crate) async fn revoke(
    database: &Database<impl Executor>,
    session_id: String,
    now: Timestamp,
    reason: String,
    events: Vec<AuditEvent>,
) -> Result<Vec<String>, StorageError> {
    let id = || session_id.as_str().into();
    let mut batch = vec![Statement::new(LOCK_SESSION, vec![id()])];
    batch.extend(append_if(IF_ACTIVE, events, vec![id(), now.into()]));
    let parameters = vec![id(), now.into(), reason.into()];
    batch.push(Statement::new(REVOKE, parameters));
    let mut results = database.batch(batch).await?;
    ids(results.pop().unwrap_or_default())
}

const REVOKE_ALL: &str = "UPDATE sessions SET revoked_at = $3, revocation_reason = $4
    WHERE (user_id = $1 OR actor_id = $1) AND id IS DISTINCT FROM $2::text AND revoked_at IS NULL AND expires_at > $3 RETURNING id";

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
    let active = vec![
        user_id.as_str().into(),
        except.as_deref().into(),
        now.into(),
    ];
    batch.extend(append_if(IF_ANY_ACTIVE, events, active));
    let parameters = vec![user_id.into(), except.into(), now.into(), reason.into()];
    batch.push(Statement::new(REVOKE_ALL, parameters));
    let mut results = database.batch(batch).await?;
    ids(results.pop().unwrap_or_default())
}
