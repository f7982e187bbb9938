//! Keys of e-mail addresses that an earlier version computed by another rule.

use gatewright_storage::{EmailKey, StorageError};

use crate::columns::ids;
use crate::executor::{Executor, Statement};

const OLD: &str = "SELECT users.id AS id, users.email AS email, users.email_key AS email_key
    FROM email_keys_to_renew JOIN users ON users.row = email_keys_to_renew.user_row
    ORDER BY email_keys_to_renew.user_row LIMIT 100";
const RENEW: &str = "UPDATE users SET email_key = ?3 WHERE id = ?1 AND email = ?2
    AND row IN (SELECT user_row FROM email_keys_to_renew)
    AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email_key = ?3 AND other.id <> ?1)";
// Found by the beginning of the address as it is written, as before.
const SEARCHED: &str = "INSERT OR IGNORE INTO user_terms (term, user_row) SELECT email_key, row FROM users
    WHERE id = ?1 AND email = ?2 AND email_key <> ?3 AND row IN (SELECT user_row FROM email_keys_to_renew)";
const KEPT: &str = "SELECT id FROM users WHERE id = ?1 AND email = ?2 AND email_key <> ?3
    AND row IN (SELECT user_row FROM email_keys_to_renew)";
const DONE: &str =
    "DELETE FROM email_keys_to_renew WHERE user_row = (SELECT row FROM users WHERE id = ?1)";

pub(crate) async fn list_old(executor: &impl Executor) -> Result<Vec<EmailKey>, StorageError> {
    let rows = executor.query(Statement::new(OLD, vec![])).await?;
    let read = |mut row: crate::value::Row| {
        Ok(EmailKey {
            user_id: row.next()?,
            email: row.next()?,
            key: row.next()?,
        })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn renew(
    executor: &impl Executor,
    keys: Vec<EmailKey>,
) -> Result<Vec<String>, StorageError> {
    let statements = keys.iter().flat_map(|key| {
        let of = || {
            vec![
                key.user_id.as_str().into(),
                key.email.as_str().into(),
                key.key.as_str().into(),
            ]
        };
        [
            Statement::new(SEARCHED, of()),
            Statement::new(RENEW, of()),
            Statement::new(KEPT, of()),
            Statement::new(DONE, vec![key.user_id.as_str().into()]),
        ]
    });
    let results = executor.batch(statements.collect()).await?;
    let kept = results.into_iter().skip(2).step_by(4);
    ids(kept.flatten().collect())
}
