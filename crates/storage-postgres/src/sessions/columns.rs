//! Columns of sessions, and their readers.

use gatewright_storage::{Acting, ActiveSession, Session, Standing, StorageError, Timestamp};
use gatewright_storage_sql::lists::{ListedRole, standing_of};

use crate::columns::{standing, user};
use crate::value::Row;

/// The columns that [`session`] reads.
macro_rules! session_columns {
    () => {
        "sessions.id AS session_id, sessions.user_id, sessions.client_id, sessions.actor_id, sessions.parent_id, sessions.amr,
        sessions.authenticated_at, sessions.created_at AS session_created_at, sessions.last_seen_at, sessions.expires_at,
        sessions.ip, sessions.token, sessions.user_agent, sessions.revoked_at, sessions.revocation_reason"
    };
}

/// The administrator who acts as the user, as [`acting`] reads it. Null for all other sessions, without further cost.
macro_rules! acting_column {
    () => {
        concat!(
            "CASE WHEN sessions.parent_id IS NOT NULL THEN (SELECT json_build_array(own.token IS NOT NULL, own.last_seen_at,
                own.expires_at, own.revoked_at, users.disabled_at, ",
            crate::columns::roles_of_user!(),
            ")::text FROM sessions AS own JOIN users ON users.id = own.user_id
                WHERE own.id = sessions.parent_id AND own.user_id = sessions.actor_id) END AS acting"
        )
    };
}

/// The columns that [`active`] reads: session, user, roles, permissions, second factor and acting administrator.
macro_rules! active_columns {
    () => {
        concat!(
            crate::sessions::columns::session_columns!(),
            ", ",
            crate::columns::user_columns!(),
            ", ",
            crate::columns::standing_column!(),
            ", (SELECT max(signing_keys.created_at) FROM signing_keys WHERE signing_keys.emergency) AS keys_ended_at,
                EXISTS (SELECT 1 FROM credentials WHERE credentials.user_id = users.id AND credentials.kind = 'totp')
                AS second_factor, ",
            crate::sessions::columns::acting_column!()
        )
    };
}

pub(crate) use {acting_column, active_columns, session_columns};

/// Reads the columns of `session_columns!`.
pub(crate) fn session(row: &mut Row) -> Result<Session, StorageError> {
    Ok(Session {
        id: row.next()?,
        user_id: row.next()?,
        client_id: row.next()?,
        actor_id: row.next()?,
        parent_id: row.next()?,
        amr: row.next()?,
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

/// Reads the columns of `active_columns!`.
pub(crate) fn active(row: &mut Row) -> Result<ActiveSession, StorageError> {
    let (session, user) = (session(row)?, user(row)?);
    let Standing {
        rank,
        roles,
        permissions,
    } = standing(row)?;
    Ok(ActiveSession {
        session,
        user,
        roles,
        permissions,
        rank,
        keys_ended_at: row.next()?,
        second_factor: row.next()?,
        acting: row
            .next::<Option<String>>()?
            .map(|text| acting(&text))
            .transpose()?,
    })
}

/// The fields that `acting_column!` writes.
type Written = (bool, u64, u64, Option<u64>, Option<u64>, Vec<ListedRole>);

fn acting(text: &str) -> Result<Acting, StorageError> {
    let unreadable = |error: serde_json::Error| {
        StorageError::Invalid(format!("an acting administrator is unreadable: {error}"))
    };
    #[allow(clippy::disallowed_methods, reason = "the database creates this list")]
    let (opaque, last_seen_at, expires_at, revoked_at, disabled_at, roles): Written =
        serde_json::from_str(text).map_err(unreadable)?;
    let time = Timestamp::from_millis;
    Ok(Acting {
        opaque,
        last_seen_at: time(last_seen_at),
        expires_at: time(expires_at),
        revoked_at: revoked_at.map(time),
        disabled_at: disabled_at.map(time),
        standing: standing_of(roles),
    })
}
