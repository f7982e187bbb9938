//! Sessions and the refresh tokens of their families.

use auth_core::Timestamp;
use auth_core::storage::{
    Acting, ActiveSession, NewSession, ReplayedRotation, Rotation, RotationOutcome, Session,
    Standing, StartSessionOutcome, StartedSession, StorageError,
};

use crate::accounts::{user, user_columns};
use crate::executor::{Executor, Statement};
use crate::value::{Names, Row};

/// Names of the roles of the user at hand and of their permissions, and the highest rank.
macro_rules! roles_of_user {
    () => {
        "(SELECT group_concat(name) FROM (SELECT roles.name FROM user_roles
            JOIN roles ON roles.row = user_roles.role_row
            WHERE user_roles.user_row = users.row ORDER BY roles.name))"
    };
}
macro_rules! permissions_of_user {
    () => {
        "(SELECT group_concat(name) FROM (SELECT DISTINCT permissions.name FROM user_roles
            JOIN role_permissions ON role_permissions.role_row = user_roles.role_row
            JOIN permissions ON permissions.id = role_permissions.permission_id
            WHERE user_roles.user_row = users.row ORDER BY permissions.name))"
    };
}
macro_rules! rank_of_user {
    () => {
        "(SELECT coalesce(max(roles.rank), 0) FROM user_roles JOIN roles ON roles.row = user_roles.role_row
            WHERE user_roles.user_row = users.row)"
    };
}
macro_rules! access_columns {
    () => {
        concat!(
            crate::sessions::roles_of_user!(),
            " AS roles, ",
            crate::sessions::permissions_of_user!(),
            " AS permissions, ",
            crate::sessions::rank_of_user!(),
            " AS rank"
        )
    };
}
pub(crate) use {access_columns, permissions_of_user, rank_of_user, roles_of_user};

/// The columns that [`session`] reads.
macro_rules! session_columns {
    () => {
        "sessions.id AS session_id, sessions.user_id, sessions.client_id, sessions.actor_id, sessions.parent_id, sessions.amr,
        sessions.authenticated_at, sessions.created_at AS session_created_at, sessions.last_seen_at, sessions.expires_at,
        sessions.ip, sessions.token, sessions.user_agent, sessions.revoked_at, sessions.revocation_reason"
    };
}

/// What an administrator acts by, as [`acting`] reads it; null for everybody else's sessions, which it costs nothing.
macro_rules! acting_column {
    () => {
        concat!(
            "CASE WHEN sessions.parent_id IS NOT NULL THEN (SELECT json_array(own.token IS NOT NULL, own.last_seen_at,
                own.expires_at, own.revoked_at, users.disabled_at, ",
            rank_of_user!(),
            ", ",
            roles_of_user!(),
            ", ",
            permissions_of_user!(),
            ") FROM sessions AS own JOIN users ON users.id = own.user_id
                WHERE own.id = sessions.parent_id AND own.user_id = sessions.actor_id) END AS acting"
        )
    };
}

/// Session, user, roles, permissions and who acts in the columns that [`active`] reads.
macro_rules! active_columns {
    () => {
        concat!(
            session_columns!(),
            ", ",
            user_columns!(),
            ", ",
            access_columns!(),
            ", ",
            acting_column!()
        )
    };
}

const FIND: &str = concat!(
    "SELECT ",
    active_columns!(),
    " FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = ?1"
);

const FIND_BY_TOKEN: &str = concat!(
    "SELECT ",
    active_columns!(),
    " FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.token = ?1"
);

fn session(row: &mut Row) -> Result<Session, StorageError> {
    Ok(Session {
        id: row.next()?,
        user_id: row.next()?,
        client_id: row.next()?,
        actor_id: row.next()?,
        parent_id: row.next()?,
        amr: row.next::<Names>()?.0,
        authenticated_at: row.next()?,
        created_at: row.next()?,
        last_seen_at: row.next()?,
        expires_at: row.next()?,
        ip: row.next()?,
        token: row.next()?,
        user_agent: row.next()?,
        revoked_at: row.next()?,
        revocation_reason: row.next()?,
    })
}

fn active(row: &mut Row) -> Result<ActiveSession, StorageError> {
    Ok(ActiveSession {
        session: session(row)?,
        user: user(row)?,
        roles: row.next::<Names>()?.0,
        permissions: row.next::<Names>()?.0,
        rank: row.next()?,
        acting: row
            .next::<Option<String>>()?
            .map(|text| acting(&text))
            .transpose()?,
    })
}

/// What `acting_column!` writes.
type Written = (
    u64,
    u64,
    u64,
    Option<u64>,
    Option<u64>,
    u64,
    Option<String>,
    Option<String>,
);

#[allow(clippy::disallowed_methods, reason = "SQLite makes this list")]
fn acting(text: &str) -> Result<Acting, StorageError> {
    let unreadable =
        |error: serde_json::Error| StorageError::Invalid(format!("who acts as a user: {error}"));
    let (opaque, last_seen_at, expires_at, revoked_at, disabled_at, rank, roles, permissions): Written =
        serde_json::from_str(text).map_err(unreadable)?;
    let time = Timestamp::from_millis;
    let names = |listed: Option<String>| {
        let listed = listed.unwrap_or_default();
        let names = listed.split(',').filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    };
    Ok(Acting {
        opaque: opaque != 0,
        last_seen_at: time(last_seen_at),
        expires_at: time(expires_at),
        revoked_at: revoked_at.map(time),
        disabled_at: disabled_at.map(time),
        standing: Standing {
            rank,
            roles: names(roles),
            permissions: names(permissions),
        },
    })
}

pub(crate) async fn find(
    executor: &impl Executor,
    session_id: String,
) -> Result<Option<ActiveSession>, StorageError> {
    find_one(executor, Statement::new(FIND, vec![session_id.into()])).await
}

pub(crate) async fn find_by_token(
    executor: &impl Executor,
    token: String,
) -> Result<Option<ActiveSession>, StorageError> {
    find_one(executor, Statement::new(FIND_BY_TOKEN, vec![token.into()])).await
}

async fn find_one(
    executor: &impl Executor,
    statement: Statement,
) -> Result<Option<ActiveSession>, StorageError> {
    let rows = executor.query(statement).await?;
    rows.into_iter()
        .next()
        .map(|mut row| active(&mut row))
        .transpose()
}

const LIST: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2
    ORDER BY last_seen_at DESC, id DESC"
);

pub(crate) async fn list(
    executor: &impl Executor,
    user_id: String,
    now: Timestamp,
) -> Result<Vec<Session>, StorageError> {
    let list = Statement::new(LIST, vec![user_id.into(), now.into()]);
    let rows = executor.query(list).await?;
    rows.into_iter().map(|mut row| session(&mut row)).collect()
}

const TOUCH_SESSION: &str =
    "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2";

pub(crate) async fn touch(
    executor: &impl Executor,
    session_id: String,
    now: Timestamp,
) -> Result<(), StorageError> {
    let touch = Statement::new(TOUCH_SESSION, vec![session_id.into(), now.into()]);
    executor.execute(touch).await.map(|_| ())
}

const INSERT: &str = "INSERT INTO sessions (id, user_id, client_id, actor_id, amr, authenticated_at, created_at,
        last_seen_at, expires_at, ip, token, user_agent, revoked_at, revocation_reason, parent_id)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?16 FROM users WHERE id = ?2 AND disabled_at IS NULL
        AND (?15 IS NULL OR EXISTS (SELECT 1 FROM credentials WHERE id = ?15 AND user_row = users.row))";
const INSERT_REFRESH_TOKEN: &str =
    "INSERT INTO refresh_tokens (digest, session_id, expires_at, names_session)
    SELECT ?1, id, min(?3, expires_at), ?4 FROM sessions WHERE id = ?2";
const TOUCH_USER: &str = "UPDATE users SET last_login_at = ?2
    WHERE id = (SELECT user_id FROM sessions WHERE id = ?1 AND actor_id IS NULL)";
const REVOKE_OTHERS: &str = "UPDATE sessions SET revoked_at = ?2, revocation_reason = 'single_session'
    WHERE user_id = (SELECT user_id FROM sessions WHERE id = ?1) AND id <> ?1 AND revoked_at IS NULL AND expires_at > ?2
    RETURNING id";

pub(crate) async fn start(
    executor: &impl Executor,
    new: NewSession,
) -> Result<StartSessionOutcome, StorageError> {
    let NewSession {
        session,
        refresh_token,
        credential,
        ends_others,
    } = new;
    let (id, created_at) = (session.id.clone(), session.created_at);
    let mut batch = vec![Statement::new(
        INSERT,
        vec![
            session.id.into(),
            session.user_id.into(),
            session.client_id.into(),
            session.actor_id.into(),
            session.amr.join(",").into(),
            session.authenticated_at.into(),
            session.created_at.into(),
            session.last_seen_at.into(),
            session.expires_at.into(),
            session.ip.into(),
            session.token.into(),
            session.user_agent.into(),
            session.revoked_at.into(),
            session.revocation_reason.into(),
            credential.into(),
            session.parent_id.into(),
        ],
    )];
    if let Some(token) = refresh_token {
        let parameters = vec![
            token.digest.into(),
            id.as_str().into(),
            token.expires_at.into(),
            u64::from(token.names_session).into(),
        ];
        batch.push(Statement::new(INSERT_REFRESH_TOKEN, parameters));
    }
    batch.push(Statement::new(
        TOUCH_USER,
        vec![id.as_str().into(), created_at.into()],
    ));
    if ends_others {
        batch.push(Statement::new(
            REVOKE_OTHERS,
            vec![id.as_str().into(), created_at.into()],
        ));
    }
    batch.push(Statement::new(FIND, vec![id.into()]));
    let mut results = executor.batch(batch).await?;
    let Some(mut row) = results.pop().and_then(|rows| rows.into_iter().next()) else {
        return Ok(StartSessionOutcome::UserInactive);
    };
    let ended = match results.pop() {
        Some(rows) if ends_others => ids(rows)?,
        _ => Vec::new(),
    };
    Ok(StartSessionOutcome::Started(StartedSession {
        active: active(&mut row)?,
        ended,
    }))
}

// Exactly one caller gets past `consumed_at IS NULL`; only for him is his successor named, and so inserted.
const CONSUME: &str =
    "UPDATE refresh_tokens SET consumed_at = ?2, successor_digest = ?3, successor_sealed = ?4
    WHERE digest = ?1 AND consumed_at IS NULL AND expires_at > ?2 AND EXISTS (
        SELECT 1 FROM sessions JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = refresh_tokens.session_id AND sessions.revoked_at IS NULL
            AND sessions.expires_at > ?2 AND users.disabled_at IS NULL)";
const INSERT_SUCCESSOR: &str =
    "INSERT INTO refresh_tokens (digest, session_id, expires_at, names_session)
    SELECT ?2, sessions.id, min(?3, sessions.expires_at), ?4
    FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session_id
    WHERE refresh_tokens.digest = ?1 AND refresh_tokens.successor_digest = ?2";
const TOUCH: &str = "UPDATE sessions SET last_seen_at = ?3 WHERE id = (
    SELECT session_id FROM refresh_tokens WHERE digest = ?1 AND successor_digest = ?2)";
// What is used up and past its grace; a token of before, which names no session, is recognised by its row alone.
const FORGET: &str = "DELETE FROM refresh_tokens
    WHERE session_id = (SELECT session_id FROM refresh_tokens WHERE digest = ?1 AND successor_digest = ?2)
        AND names_session = 1 AND consumed_at + ?4 <= ?3 AND digest <> ?1";
/// Whether nothing is stored of a token that names a session which has another one still: it was used up.
macro_rules! forgotten {
    () => {
        "NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE digest = ?1) AND EXISTS (
            SELECT 1 FROM refresh_tokens WHERE session_id = ?5 AND consumed_at IS NULL AND expires_at > ?3)"
    };
}
// 0: revoked, 1: rotated now, 2: replayed, 3: reused, 4: expired; read before a reuse revokes the session.
const ROTATION_OUTCOME: &str = concat!(
    "SELECT CASE
        WHEN sessions.revoked_at IS NOT NULL OR users.disabled_at IS NOT NULL THEN 0
        WHEN token.successor_digest = ?2 THEN 1
        WHEN sessions.expires_at > ?3 AND ",
    forgotten!(),
    " THEN 3
        WHEN token.consumed_at IS NOT NULL AND sessions.expires_at <= ?3 THEN 4
        WHEN ?4 > 0 AND token.consumed_at + ?4 > ?3 THEN 2
        WHEN token.consumed_at IS NOT NULL THEN 3
        ELSE 4 END AS outcome,
    token.successor_sealed,
    coalesce((SELECT consumed_at IS NOT NULL FROM refresh_tokens WHERE digest = token.successor_digest), 1) AS superseded, ",
    active_columns!(),
    " FROM sessions JOIN users ON users.id = sessions.user_id
    LEFT JOIN refresh_tokens AS token ON token.digest = ?1
    WHERE sessions.id = coalesce((SELECT session_id FROM refresh_tokens WHERE digest = ?1), ?5)"
);
const REVOKE_REUSED: &str = concat!(
    "UPDATE sessions SET revoked_at = ?3, revocation_reason = 'refresh_token_reuse'
    WHERE revoked_at IS NULL AND expires_at > ?3 AND id = coalesce(
        (SELECT session_id FROM refresh_tokens
            WHERE digest = ?1 AND successor_digest <> ?2 AND (?4 = 0 OR consumed_at + ?4 <= ?3)),
        CASE WHEN ",
    forgotten!(),
    " THEN ?5 END)"
);

pub(crate) async fn rotate(
    executor: &impl Executor,
    rotation: Rotation,
) -> Result<RotationOutcome, StorageError> {
    let Rotation {
        presented,
        session,
        successor,
        sealed,
        now,
        grace,
    } = rotation;
    let grace = grace.as_millis() as u64;
    let decide = || {
        vec![
            presented.as_str().into(),
            successor.digest.as_str().into(),
            now.into(),
            grace.into(),
            session.as_deref().into(),
        ]
    };
    let mut forget = decide();
    forget.pop();
    let mut results = executor
        .batch(vec![
            Statement::new(
                CONSUME,
                vec![
                    presented.as_str().into(),
                    now.into(),
                    successor.digest.as_str().into(),
                    sealed.into(),
                ],
            ),
            Statement::new(
                INSERT_SUCCESSOR,
                vec![
                    presented.as_str().into(),
                    successor.digest.as_str().into(),
                    successor.expires_at.into(),
                    u64::from(successor.names_session).into(),
                ],
            ),
            Statement::new(
                TOUCH,
                vec![
                    presented.as_str().into(),
                    successor.digest.as_str().into(),
                    now.into(),
                ],
            ),
            Statement::new(FORGET, forget),
            Statement::new(ROTATION_OUTCOME, decide()),
            Statement::new(REVOKE_REUSED, decide()),
        ])
        .await?;
    results.truncate(5);
    let Some(mut row) = last_row(results) else {
        return Ok(RotationOutcome::Unknown);
    };
    let (outcome, sealed, superseded): (u64, Option<String>, bool) =
        (row.next()?, row.next()?, row.next()?);
    let active = active(&mut row)?;
    Ok(match (outcome, sealed) {
        (0, _) => RotationOutcome::Revoked,
        (1, _) => RotationOutcome::Rotated(active),
        (2, Some(sealed)) => RotationOutcome::Replayed(ReplayedRotation {
            sealed,
            superseded,
            active,
        }),
        (3, _) => RotationOutcome::Reused(active),
        _ => RotationOutcome::Expired,
    })
}

const FIND_BY_REFRESH_TOKEN: &str = "SELECT session_id FROM refresh_tokens WHERE digest = ?1";

pub(crate) async fn find_by_refresh_token(
    executor: &impl Executor,
    digest: String,
) -> Result<Option<String>, StorageError> {
    let rows = executor
        .query(Statement::new(FIND_BY_REFRESH_TOKEN, vec![digest.into()]))
        .await?;
    rows.into_iter()
        .next()
        .map(|mut row| row.next())
        .transpose()
}

const REVOKE: &str = "UPDATE sessions SET revoked_at = ?2, revocation_reason = ?3
    WHERE (id = ?1 OR parent_id = ?1) AND revoked_at IS NULL AND expires_at > ?2 RETURNING id";

pub(crate) async fn revoke(
    executor: &impl Executor,
    session_id: String,
    now: Timestamp,
    reason: String,
) -> Result<Vec<String>, StorageError> {
    let parameters = vec![session_id.into(), now.into(), reason.into()];
    ids(executor.execute(Statement::new(REVOKE, parameters)).await?)
}

const REVOKE_ALL: &str = "UPDATE sessions SET revoked_at = ?3, revocation_reason = ?4
    WHERE (user_id = ?1 OR actor_id = ?1) AND id IS NOT ?2 AND revoked_at IS NULL AND expires_at > ?3 RETURNING id";

pub(crate) async fn revoke_all(
    executor: &impl Executor,
    user_id: String,
    except: Option<String>,
    now: Timestamp,
    reason: String,
) -> Result<Vec<String>, StorageError> {
    let parameters = vec![user_id.into(), except.into(), now.into(), reason.into()];
    ids(executor
        .execute(Statement::new(REVOKE_ALL, parameters))
        .await?)
}

pub(crate) fn ids(rows: Vec<Row>) -> Result<Vec<String>, StorageError> {
    rows.into_iter().map(|mut row| row.next()).collect()
}

fn last_row(mut results: Vec<Vec<Row>>) -> Option<Row> {
    results.pop()?.into_iter().next()
}
