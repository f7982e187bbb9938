//! Revocation of sessions.

use gatewright_storage::{AuditEvent, StorageError, Timestamp};

use crate::audit::{IF_ACTIVE, IF_ANY_ACTIVE, append_if};
use crate::columns::ids;
use crate::executor::{Executor, Statement};

const REVOKE: &str = "UPDATE sessions SET revoked_at = ?2, revocation_reason = ?3
    WHERE (id = ?1 OR parent_id = ?1) AND revoked_at IS NULL AND expires_at > ?2 RETURNING id";

pub(crate) async fn revoke(
    executor: &impl Executor,
    session_id: String,
    now: Timestamp,
    reason: String,
    events: Vec<AuditEvent>,
) -> Result<Vec<String>, StorageError> {
    let active = vec![session_id.as_str().into(), now.into()];
    let mut batch = append_if(IF_ACTIVE, events, active);
    let parameters = vec![session_id.into(), now.into(), reason.into()];
    batch.push(Statement::new(REVOKE, parameters));
    let mut results = executor.batch(batch).await?;
    ids(results.pop().unwrap_or_default())
}

const REVOKE_ALL: &str = "UPDATE sessions SET revoked_at = ?3, revocation_reason = ?4
    WHERE (user_id = ?1 OR actor_id = ?1) AND id IS NOT ?2 AND revoked_at IS NULL AND expires_at > ?3 RETURNING id";

pub(crate) async fn revoke_all(
    executor: &impl Executor,
    user_id: String,
    except: Option<String>,
    now: Timestamp,
    reason: String,
    events: Vec<AuditEvent>,
) -> Result<Vec<String>, StorageError> {
    let active = vec![
        user_id.as_str().into(),
        except.as_deref().into(),
        now.into(),
    ];
    let mut batch = append_if(IF_ANY_ACTIVE, events, active);
    let parameters = vec![user_id.into(), except.into(), now.into(), reason.into()];
    batch.push(Statement::new(REVOKE_ALL, parameters));
    let mut results = executor.batch(batch).await?;
    ids(results.pop().unwrap_or_default())
}
