//! Start of sessions.

use gatewright_storage::{NewSession, StartSessionOutcome, StartedSession, StorageError};

use crate::audit::{IF_STARTED, append_with};
use crate::columns::ids;
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::guards::lock_user;
use crate::sessions::columns::active;
use crate::sessions::find::FIND;

const INSERT: &str = "INSERT INTO sessions (id, user_id, client_id, actor_id, amr, authenticated_at, created_at,
        last_seen_at, expires_at, ip, token, user_agent, revoked_at, revocation_reason, parent_id)
    SELECT $1, $2, $3, $4, $5::text[], $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10, $11, $12, $13::bigint, $14, $16
    FROM users WHERE id = $2 AND disabled_at IS NULL
        AND ($15::text IS NULL OR EXISTS (SELECT 1 FROM credentials WHERE id = $15 AND user_id = users.id))
        AND ($18::text IS NULL OR EXISTS (SELECT 1 FROM identities
            WHERE issuer = $18 AND subject = $19::text AND user_id = users.id))
        AND ($17::text IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = $17 AND user_id = $2 AND revoked_at IS NULL
            AND expires_at > $7))";
const INSERT_REFRESH_TOKEN: &str =
    "INSERT INTO refresh_tokens (digest, session_id, expires_at, names_session)
    SELECT $1, id, least($3::bigint, expires_at), $4::boolean FROM sessions WHERE id = $2";
const TOUCH_USER: &str = "UPDATE users SET last_login_at = $2
    WHERE id = (SELECT user_id FROM sessions WHERE id = $1 AND actor_id IS NULL)";
// Runs before the user's other sessions are revoked, because those have another reason.
const REVOKE_REPLACED: &str = "UPDATE sessions SET revoked_at = $2, revocation_reason = 'replaced'
    WHERE (id = ANY ($3::text[]) OR parent_id = ANY ($3))
        AND id <> $1 AND revoked_at IS NULL AND expires_at > $2 AND EXISTS (SELECT 1 FROM sessions WHERE id = $1)
    RETURNING id";
const REVOKE_OTHERS: &str = "UPDATE sessions SET revoked_at = $2, revocation_reason = 'single_session'
    WHERE user_id = (SELECT user_id FROM sessions WHERE id = $1) AND id <> $1 AND revoked_at IS NULL AND expires_at > $2
    RETURNING id";

pub(crate) async fn start(
    database: &Database<impl Executor>,
    new: NewSession,
) -> Result<StartSessionOutcome, StorageError> {
    let NewSession {
        session,
        refresh_token,
        credential,
        identity,
        ends_others,
        continues,
        replaces: mut replaced,
        events,
    } = new;
    let (id, created_at) = (session.id.clone(), session.created_at);
    replaced.extend(continues.clone());
    let identity = identity.map(|key| (key.issuer, key.subject)).unzip();
    // A change that ends the user's sessions or takes their credentials waits, and then sees this session.
    let mut batch = vec![lock_user(&session.user_id)];
    batch.push(Statement::new(
        INSERT,
        vec![
            session.id.into(),
            session.user_id.into(),
            session.client_id.into(),
            session.actor_id.into(),
            session.amr.into(),
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
            continues.as_deref().into(),
            identity.0.into(),
            identity.1.into(),
        ],
    ));
    if let Some(token) = refresh_token {
        let parameters = vec![
            token.digest.into(),
            id.as_str().into(),
            token.expires_at.into(),
            token.names_session.into(),
        ];
        batch.push(Statement::new(INSERT_REFRESH_TOKEN, parameters));
    }
    let with_id = || vec![id.as_str().into(), created_at.into()];
    if continues.is_none() {
        batch.push(Statement::new(TOUCH_USER, with_id()));
    }
    batch.extend(append_with(IF_STARTED, events, &[&id]));
    let begins_ending = batch.len();
    if !replaced.is_empty() {
        let mut parameters = with_id();
        parameters.push(replaced.into());
        batch.push(Statement::new(REVOKE_REPLACED, parameters));
    }
    if ends_others {
        batch.push(Statement::new(REVOKE_OTHERS, with_id()));
    }
    batch.push(Statement::new(FIND, vec![vec![id].into()]));
    let mut results = database.batch(batch).await?;
    let Some(mut row) = results.pop().and_then(|rows| rows.into_iter().next()) else {
        return Ok(StartSessionOutcome::UserInactive);
    };
    let ended = results.split_off(begins_ending).into_iter().map(ids);
    let ended = ended.collect::<Result<Vec<_>, _>>()?.concat();
    Ok(StartSessionOutcome::Started(StartedSession {
        active: active(&mut row)?,
        ended,
    }))
}
