//! Queries for sessions.

use gatewright_storage::{ActiveSession, Session, StorageError, Timestamp};

use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::sessions::columns::{active, active_columns, session, session_columns};

/// Finds active sessions by their identifiers. The list is a subquery, so that PostgreSQL expects the same number of keys
/// whatever it contains. It then plans the statement once for a connection instead of at each call.
pub(crate) const FIND: &str = concat!(
    "SELECT ",
    active_columns!(),
    ", sessions.id AS key FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = ANY ((SELECT $1::text[])::text[])"
);

const FIND_BY_TOKEN: &str = concat!(
    "SELECT ",
    active_columns!(),
    ", sessions.token AS key FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.token = ANY ((SELECT $1::text[])::text[])"
);

pub(crate) async fn find(
    database: &Database<impl Executor>,
    session_id: String,
) -> Result<Option<ActiveSession>, StorageError> {
    find_one(database, FIND, session_id).await
}

pub(crate) async fn find_by_token(
    database: &Database<impl Executor>,
    token: String,
) -> Result<Option<ActiveSession>, StorageError> {
    find_one(database, FIND_BY_TOKEN, token).await
}

async fn find_one(
    database: &Database<impl Executor>,
    sql: &'static str,
    key: String,
) -> Result<Option<ActiveSession>, StorageError> {
    let rows = database.look_up(sql, key).await?;
    rows.into_iter()
        .next()
        .map(|mut row| active(&mut row))
        .transpose()
}

const LIST: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
    ORDER BY last_seen_at DESC, id DESC"
);

pub(crate) async fn list(
    database: &Database<impl Executor>,
    user_id: String,
    now: Timestamp,
) -> Result<Vec<Session>, StorageError> {
    let list = Statement::new(LIST, vec![user_id.into(), now.into()]);
    let rows = database.query(list).await?;
    rows.into_iter().map(|mut row| session(&mut row)).collect()
}

const FIND_BY_REFRESH_TOKEN: &str = "SELECT session_id FROM refresh_tokens WHERE digest = $1";

pub(crate) async fn find_by_refresh_token(
    database: &Database<impl Executor>,
    digest: String,
) -> Result<Option<String>, StorageError> {
    let rows = database
        .query(Statement::new(FIND_BY_REFRESH_TOKEN, vec![digest.into()]))
        .await?;
    rows.into_iter()
        .next()
        .map(|mut row| row.next())
        .transpose()
}
