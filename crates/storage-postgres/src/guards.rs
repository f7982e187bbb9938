//! Guards: rows that a transaction locks before it decides.
//!
//! Under READ COMMITTED each statement sees what others have committed before it. A decision that rests on rows which
//! it doesn't change is therefore preceded by a statement that locks a row, and every transaction that could change the
//! decision's outcome locks the same row. Transactions lock in this order, so that they rarely wait for each other in a
//! circle: a guard, a role, a user, a secret or credential, a session, the counter of an event.

use crate::executor::Statement;

const LOCK: &str = "SELECT 1 FROM guards WHERE name = $1 FOR UPDATE";
const SHARE: &str = "SELECT 1 FROM guards WHERE name = $1 FOR SHARE";
// A transaction that gives the role to a user waits as well, because it locks the key of the role.
const LOCK_ROLE: &str = "SELECT 1 FROM roles WHERE name = $1 FOR UPDATE";
const LOCK_USER: &str = "SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE";

/// Locks the decisions of administrators: those that rest on standings, and all changes of roles and permissions.
pub(crate) fn lock_decisions() -> Statement {
    Statement::new(LOCK, vec!["decisions".into()])
}

/// Keeps decisions of administrators unchanged, together with other transactions that only need them unchanged.
pub(crate) fn share_decisions() -> Statement {
    Statement::new(SHARE, vec!["decisions".into()])
}

/// Locks the signing keys.
pub(crate) fn lock_signing_keys() -> Statement {
    Statement::new(LOCK, vec!["signing_keys".into()])
}

/// Locks the holders of a role.
pub(crate) fn lock_role(name: &str) -> Statement {
    Statement::new(LOCK_ROLE, vec![name.into()])
}

/// Locks a user: their changes, and the start and end of their sessions.
pub(crate) fn lock_user(id: &str) -> Statement {
    Statement::new(LOCK_USER, vec![id.into()])
}
