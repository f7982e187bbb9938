//! Keys of e-mail addresses that an earlier version computed by another rule.

use gatewright_storage::{EmailKey, StorageError};

use crate::columns::ids;
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::guards::lock_user;

const OLD: &str = "SELECT users.id AS id, users.email AS email, users.email_key AS email_key
    FROM email_keys_to_renew JOIN users ON users.id = email_keys_to_renew.user_id
    ORDER BY email_keys_to_renew.user_id LIMIT 100";
const RENEW: &str = "UPDATE users SET email_key = $3 WHERE id = $1 AND email = $2
    AND id IN (SELECT user_id FROM email_keys_to_renew)
    AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email_key = $3 AND other.id <> $1)";
// Found by the beginning of the address as it is written, as before.
const SEARCHED: &str = "INSERT INTO user_terms (term, user_id) SELECT email_key, id FROM users
    WHERE id = $1 AND email = $2 AND email_key <> $3 AND id IN (SELECT user_id FROM email_keys_to_renew) ON CONFLICT DO NOTHING";
const KEPT: &str = "SELECT id FROM users WHERE id = $1 AND email = $2 AND email_key <> $3
    AND id IN (SELECT user_id FROM email_keys_to_renew)";
const DONE: &str = "DELETE FROM email_keys_to_renew WHERE user_id = $1";

pub(crate) async fn list_old(
    database: &Database<impl Executor>,
) -> Result<Vec<EmailKey>, StorageError> {
    let rows = database.query(Statement::new(OLD, vec![])).await?;
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
    database: &Database<impl Executor>,
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
            lock_user(&key.user_id),
            Statement::new(SEARCHED, of()),
            Statement::new(RENEW, of()),
            Statement::new(KEPT, of()),
            Statement::new(DONE, vec![key.user_id.as_str().into()]),
        ]
    });
    let results = database.batch(statements.collect()).await?;
    let kept = results.into_iter().skip(3).step_by(5);
    ids(kept.flatten().collect())
}
