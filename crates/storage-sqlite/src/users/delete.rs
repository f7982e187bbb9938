//! Deletion of users.

use gatewright_storage::{DeleteUserOutcome, Grounds, StorageError, Timestamp};

use crate::columns::ids;
use crate::executor::{Executor, Statement};
use crate::grounds::{self, grounds_hold};
use crate::users::last_holder::last_holder;

const LIVE_SESSIONS: &str = "SELECT id FROM sessions
    WHERE (user_id = ?1 OR actor_id = ?1) AND revoked_at IS NULL AND expires_at > ?2";
const DELETE_USER: &str = concat!(
    "DELETE FROM users WHERE id = ?1 AND updated_at = ?3 AND NOT (",
    last_holder!("?2"),
    ") AND ",
    grounds_hold!("?4"),
    " RETURNING 1"
);
const UNCHANGED: &str = concat!(
    "SELECT updated_at = ?2 AND ",
    grounds_hold!("?3"),
    " AS unchanged FROM users WHERE id = ?1"
);

pub(crate) async fn delete_user(
    executor: &impl Executor,
    user_id: String,
    expected_updated_at: Timestamp,
    now: Timestamp,
    require_remaining_holder: Option<String>,
    grounds: Option<Grounds>,
) -> Result<DeleteUserOutcome, StorageError> {
    let grounds = grounds::parameter(grounds);
    let delete = vec![
        user_id.as_str().into(),
        require_remaining_holder.into(),
        expected_updated_at.into(),
        grounds.clone(),
    ];
    let batch = vec![
        Statement::new(LIVE_SESSIONS, vec![user_id.as_str().into(), now.into()]),
        Statement::new(DELETE_USER, delete),
        Statement::new(
            UNCHANGED,
            vec![user_id.into(), expected_updated_at.into(), grounds],
        ),
    ];
    let mut results = executor.batch(batch).await?;
    let left = results.pop().unwrap_or_default().pop();
    if results.pop().is_some_and(|deleted| !deleted.is_empty()) {
        let ended = ids(results.pop().unwrap_or_default())?;
        return Ok(DeleteUserOutcome::Deleted(ended));
    }
    let Some(mut left) = left else {
        return Ok(DeleteUserOutcome::Unknown);
    };
    Ok(match left.next::<u64>()? {
        0 => DeleteUserOutcome::Conflict,
        _ => DeleteUserOutcome::LastHolder,
    })
}
