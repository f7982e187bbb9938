//! Deletion of users.

use gatewright_storage::{AuditEvent, DeleteUserOutcome, Grounds, StorageError, Timestamp};

use crate::audit::{FORGET_DECISION, IF_DECIDED, append_with};
use crate::columns::ids;
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::grounds::{self, grounds_hold};
use crate::guards::{lock_decisions, lock_role, lock_user};
use crate::users::last_holder::last_holder;
use crate::value::Value;

const LIVE_SESSIONS: &str = "SELECT id FROM sessions
    WHERE (user_id = $1 OR actor_id = $1) AND revoked_at IS NULL AND expires_at > $2";
// Leaves a mark until the end of the batch.
const DECIDE: &str = concat!(
    "INSERT INTO decisions (id) SELECT id FROM users WHERE id = $1 AND updated_at = $3 AND NOT (",
    last_holder!("$2"),
    ") AND ",
    grounds_hold!("$4")
);
// A trigger deletes their credentials, roles and terms.
const DELETE_USER: &str =
    "DELETE FROM users WHERE id = $1 AND EXISTS (SELECT 1 FROM decisions WHERE decisions.id = $1)";
const UNCHANGED: &str = concat!(
    "SELECT updated_at = $2 AND ",
    grounds_hold!("$3"),
    " AS unchanged FROM users WHERE id = $1"
);

pub(crate) async fn delete_user(
    database: &Database<impl Executor>,
    user_id: String,
    expected_updated_at: Timestamp,
    now: Timestamp,
    require_remaining_holder: Option<String>,
    grounds: Option<Grounds>,
    events: Vec<AuditEvent>,
) -> Result<DeleteUserOutcome, StorageError> {
    let grounds = grounds::parameter(grounds);
    let mut batch = Vec::new();
    if grounds != Value::Null {
        batch.push(lock_decisions());
    }
    batch.extend(require_remaining_holder.as_deref().map(lock_role));
    batch.push(lock_user(&user_id));
    let decide = vec![
        user_id.as_str().into(),
        require_remaining_holder.into(),
        expected_updated_at.into(),
        grounds.clone(),
    ];
    let id = || user_id.as_str().into();
    let lists = batch.len();
    batch.extend([
        Statement::new(LIVE_SESSIONS, vec![id(), now.into()]),
        Statement::new(DECIDE, decide),
    ]);
    batch.extend(append_with(IF_DECIDED, events, &[&user_id]));
    batch.extend([
        Statement::new(DELETE_USER, vec![id()]),
        Statement::new(UNCHANGED, vec![id(), expected_updated_at.into(), grounds]),
        Statement::new(FORGET_DECISION, vec![id()]),
    ]);
    let mut results = database.batch(batch).await?;
    let decided = results.pop().unwrap_or_default();
    let left = results.pop().unwrap_or_default().pop();
    if !decided.is_empty() {
        let ended = ids(results.into_iter().nth(lists).unwrap_or_default())?;
        return Ok(DeleteUserOutcome::Deleted(ended));
    }
    let Some(mut left) = left else {
        return Ok(DeleteUserOutcome::Unknown);
    };
    Ok(if left.next()? {
        DeleteUserOutcome::LastHolder
    } else {
        DeleteUserOutcome::Conflict
    })
}
