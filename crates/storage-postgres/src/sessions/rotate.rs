//! Rotation of refresh tokens.

use gatewright_storage::{ReplayedRotation, Rotation, RotationOutcome, StorageError};

use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::sessions::columns::{active, active_columns};

// Serializes all rotations of a family, and what revokes it.
const LOCK_SESSION: &str = "SELECT 1 FROM sessions
    WHERE id = coalesce((SELECT session_id FROM refresh_tokens WHERE digest = $1), $2::text) FOR NO KEY UPDATE";
// Exactly one caller passes `consumed_at IS NULL`. Only its successor is named, and therefore inserted.
const CONSUME: &str =
    "UPDATE refresh_tokens SET consumed_at = $2, successor_digest = $3, successor_sealed = $4
    WHERE digest = $1 AND consumed_at IS NULL AND expires_at > $2 AND EXISTS (
        SELECT 1 FROM sessions JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = refresh_tokens.session_id AND sessions.revoked_at IS NULL
            AND sessions.expires_at > $2 AND users.disabled_at IS NULL)";
const INSERT_SUCCESSOR: &str =
    "INSERT INTO refresh_tokens (digest, session_id, expires_at, names_session)
    SELECT $2::text, sessions.id, least($3::bigint, sessions.expires_at), $4::boolean
    FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session_id
    WHERE refresh_tokens.digest = $1 AND refresh_tokens.successor_digest = $2";
const TOUCH: &str = "UPDATE sessions SET last_seen_at = $3 WHERE id = (
    SELECT session_id FROM refresh_tokens WHERE digest = $1 AND successor_digest = $2)";
// Deletes consumed tokens whose grace is over. Older tokens that name no session are kept, because a used one is
// recognised only by its row.
const FORGET: &str = "DELETE FROM refresh_tokens
    WHERE session_id = (SELECT session_id FROM refresh_tokens WHERE digest = $1 AND successor_digest = $2)
        AND names_session AND consumed_at + $4::bigint <= $3::bigint AND digest <> $1";
/// Whether a token has no row but names a session that still has a usable token: it was consumed and then deleted.
macro_rules! forgotten {
    () => {
        "NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE digest = $1) AND EXISTS (
            SELECT 1 FROM refresh_tokens WHERE session_id = $5::text AND consumed_at IS NULL AND expires_at > $3::bigint)"
    };
}
// 0: revoked, 1: rotated now, 2: replayed, 3: reused, 4: expired. Read before a reuse revokes the session.
const ROTATION_OUTCOME: &str = concat!(
    "SELECT CASE
        WHEN sessions.revoked_at IS NOT NULL OR users.disabled_at IS NOT NULL THEN 0
        WHEN token.successor_digest = $2 THEN 1
        WHEN sessions.expires_at > $3::bigint AND ",
    forgotten!(),
    " THEN 3
        WHEN token.consumed_at IS NOT NULL AND sessions.expires_at <= $3 THEN 4
        WHEN $4::bigint > 0 AND token.consumed_at + $4 > $3 THEN 2
        WHEN token.consumed_at IS NOT NULL THEN 3
        ELSE 4 END AS outcome,
    token.successor_sealed,
    coalesce((SELECT consumed_at IS NOT NULL FROM refresh_tokens WHERE digest = token.successor_digest), true) AS superseded, ",
    active_columns!(),
    " FROM sessions JOIN users ON users.id = sessions.user_id
    LEFT JOIN refresh_tokens AS token ON token.digest = $1
    WHERE sessions.id = coalesce((SELECT session_id FROM refresh_tokens WHERE digest = $1), $5::text)"
);
const REVOKE_REUSED: &str = concat!(
    "UPDATE sessions SET revoked_at = $3, revocation_reason = 'refresh_token_reuse'
    WHERE revoked_at IS NULL AND expires_at > $3 AND id = coalesce(
        (SELECT session_id FROM refresh_tokens
            WHERE digest = $1 AND successor_digest <> $2 AND ($4::bigint = 0 OR consumed_at + $4 <= $3::bigint)),
        CASE WHEN ",
    forgotten!(),
    " THEN $5 END)"
);

pub(crate) async fn rotate(
    database: &Database<impl Executor>,
    rotation: Rotation,
) -> Result<RotationOutcome, StorageError> {
    let Rotation {
        presented,
        session,
        successor,
        ciphertext,
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
    let mut results = database
        .batch(vec![
            Statement::new(
                LOCK_SESSION,
                vec![presented.as_str().into(), session.as_deref().into()],
            ),
            Statement::new(
                CONSUME,
                vec![
                    presented.as_str().into(),
                    now.into(),
                    successor.digest.as_str().into(),
                    ciphertext.into(),
                ],
            ),
            Statement::new(
                INSERT_SUCCESSOR,
                vec![
                    presented.as_str().into(),
                    successor.digest.as_str().into(),
                    successor.expires_at.into(),
                    successor.names_session.into(),
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
    results.truncate(6);
    let Some(mut row) = results.pop().and_then(|rows| rows.into_iter().next()) else {
        return Ok(RotationOutcome::Unknown);
    };
    let (outcome, ciphertext, superseded): (u64, Option<String>, bool) =
        (row.next()?, row.next()?, row.next()?);
    let active = active(&mut row)?;
    Ok(match (outcome, ciphertext) {
        (0, _) => RotationOutcome::Revoked,
        (1, _) => RotationOutcome::Rotated(active),
        (2, Some(ciphertext)) => RotationOutcome::Replayed(ReplayedRotation {
            ciphertext,
            superseded,
            active,
        }),
        (3, _) => RotationOutcome::Reused(active),
        _ => RotationOutcome::Expired,
    })
}
