//! Changes of a user. The first statement decides by marking the user with the change. The following statements apply
//! only if that mark is set.

use gatewright_storage::{ChangeOutcome, SessionEnding, StorageError, UserChange};

use crate::audit::{IF_CHANGED, append_with};
use crate::columns::ids;
use crate::credentials::insert_credential;
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::grounds::{self, grounds_hold};
use crate::guards::{lock_decisions, lock_role, lock_user};
use crate::identities::{self, identity_taken, insert_identity};
use crate::users::last_holder::last_holder;
use crate::value::Value;

/// The conditions on the address, the user name and the one-time secret. `$1` is the user, who keeps the key of an
/// unchanged address.
macro_rules! email_taken {
    () => {
        "(EXISTS (SELECT 1 FROM users WHERE email_key = $4 AND id <> $1)
            AND NOT EXISTS (SELECT 1 FROM users WHERE id = $1 AND email IS NOT DISTINCT FROM $10::text))"
    };
}
macro_rules! username_taken {
    () => {
        "EXISTS (SELECT 1 FROM users WHERE username_key = $5 AND id <> $1)"
    };
}
macro_rules! secret_usable {
    () => {
        "($6::text IS NULL OR EXISTS (SELECT 1 FROM one_time_secrets
            WHERE digest = $6 AND user_id = $1 AND consumed_at IS NULL AND expires_at > $7::bigint))"
    };
}

const CHANGE: &str = concat!(
    "UPDATE users SET change_id = $2, email_key = CASE WHEN email IS NOT DISTINCT FROM $10::text THEN email_key ELSE $4 END, username_key = $5,
        updated_at = $7, email = $10, email_verified_at = $12, username = $13, display_name = $14, profile = $15,
        disabled_at = $16, locked_until = $17, email_proved_at = $18
    WHERE id = $1 AND updated_at = $3 AND ",
    secret_usable!(),
    " AND NOT ",
    email_taken!(),
    " AND NOT ",
    username_taken!(),
    " AND NOT ",
    identity_taken!("$11"),
    " AND NOT (",
    last_holder!("$8"),
    ") AND ",
    grounds_hold!("$9")
);
const DELETE_TERMS: &str = "DELETE FROM user_terms
    WHERE user_id = (SELECT id FROM users WHERE id = $1 AND change_id = $2)";
const ADD_TERM: &str = "INSERT INTO user_terms (term, user_id) SELECT $3::text, id FROM users
    WHERE id = $1 AND change_id = $2 ON CONFLICT DO NOTHING";
// Another use of the secret waits, or is committed before this change decides.
const LOCK_SECRET: &str = "SELECT 1 FROM one_time_secrets WHERE digest = $1 FOR UPDATE";
const CONSUME: &str = "UPDATE one_time_secrets SET consumed_at = $4 WHERE digest = $3
    AND EXISTS (SELECT 1 FROM users WHERE id = $1 AND change_id = $2)";
const VOID: &str = "DELETE FROM one_time_secrets
    WHERE user_id = $1 AND purpose = $3 AND created_at >= $4 AND consumed_at IS NULL
    AND EXISTS (SELECT 1 FROM users WHERE id = $1 AND change_id = $2)";
const DELETE_CREDENTIALS: &str = "DELETE FROM credentials
    WHERE user_id = (SELECT id FROM users WHERE id = $1 AND change_id = $2) AND kind = $3";
const REMOVE_IDENTITY: &str = "DELETE FROM identities
    WHERE user_id = (SELECT id FROM users WHERE id = $1 AND change_id = $2) AND issuer = $3 AND subject = $4";
// Locks the key of the role, so that it is not deleted meanwhile.
const ADD_ROLE: &str =
    "INSERT INTO user_roles (user_id, role_id) SELECT users.id, roles.id FROM users, roles
    WHERE users.id = $1 AND users.change_id = $2 AND roles.name = $3 FOR KEY SHARE OF roles ON CONFLICT DO NOTHING";
const REMOVE_ROLE: &str = "DELETE FROM user_roles
    WHERE user_id = (SELECT id FROM users WHERE id = $1 AND change_id = $2)
    AND role_id = (SELECT id FROM roles WHERE name = $3)";
const END_SESSIONS: &str = "UPDATE sessions SET revoked_at = $3, revocation_reason = $5
    WHERE (actor_id = $1 OR (user_id = $1 AND NOT $6::boolean)) AND id IS DISTINCT FROM $4::text
    AND ($7::text IS NULL OR id = $7 OR parent_id = $7) AND revoked_at IS NULL AND expires_at > $3
    AND EXISTS (SELECT 1 FROM users WHERE id = $1 AND change_id = $2) RETURNING id";
// 0: changed, 1: conflict, 2: secret refused, 3: address taken, 4: user name taken, 5: last holder,
// 6: identity taken.
const OUTCOME: &str = concat!(
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = $1 AND change_id = $2) THEN 0
        WHEN NOT (EXISTS (SELECT 1 FROM users WHERE id = $1 AND updated_at = $3) AND ",
    grounds_hold!("$9"),
    ") THEN 1 WHEN NOT ",
    secret_usable!(),
    " THEN 2 WHEN ",
    email_taken!(),
    " THEN 3 WHEN ",
    username_taken!(),
    " THEN 4 WHEN ",
    identity_taken!("$11"),
    " THEN 6 WHEN ",
    last_holder!("$8"),
    " THEN 5 END AS outcome"
);

pub(crate) async fn change_user(
    database: &Database<impl Executor>,
    change: UserChange,
) -> Result<ChangeOutcome, StorageError> {
    let UserChange {
        id,
        user,
        email_key,
        username_key,
        expected_updated_at,
        consumes,
        invalidates,
        deletes_credentials,
        credentials,
        removes_identities,
        adds_identities,
        adds_roles,
        removes_roles,
        ends_sessions,
        search_terms,
        require_remaining_holder,
        grounds,
        events,
    } = change;
    // A user who keeps the role can't be the last holder to lose it.
    let require_remaining_holder = require_remaining_holder
        .filter(|role| user.disabled_at.is_some() || removes_roles.iter().any(|name| name == role));
    let grounds = grounds::parameter(grounds);
    let added = identities::pairs(&adds_identities);
    let now = user.updated_at;
    let user_id = user.id.as_str();
    let decide = || {
        vec![
            user_id.into(),
            id.as_str().into(),
            expected_updated_at.into(),
            email_key.as_deref().into(),
            username_key.as_deref().into(),
            consumes.as_deref().into(),
            now.into(),
            require_remaining_holder.as_deref().into(),
            grounds.clone(),
            user.email.as_deref().into(),
            added.clone(),
        ]
    };
    let with = |further: &str| vec![user_id.into(), id.as_str().into(), further.into()];

    let mut parameters = decide();
    parameters.extend([
        user.email_verified_at.into(),
        user.username.as_deref().into(),
        user.display_name.as_deref().into(),
        user.profile.as_str().into(),
        user.disabled_at.into(),
        user.locked_until.into(),
        user.email_proved_at.into(),
    ]);
    let mut batch = Vec::new();
    if grounds != Value::Null {
        batch.push(lock_decisions());
    }
    batch.extend(require_remaining_holder.as_deref().map(lock_role));
    batch.push(lock_user(user_id));
    if let Some(secret) = &consumes {
        batch.push(Statement::new(LOCK_SECRET, vec![secret.as_str().into()]));
    }
    batch.push(Statement::new(CHANGE, parameters));
    if let Some(secret) = &consumes {
        let mut parameters = with(secret);
        parameters.push(now.into());
        batch.push(Statement::new(CONSUME, parameters));
    }
    if let Some(voided) = invalidates {
        let mut parameters = with(&voided.purpose);
        parameters.push(voided.since.into());
        batch.push(Statement::new(VOID, parameters));
    }
    let each = |sql, names: &[String]| -> Vec<_> {
        let statement = |name: &String| Statement::new(sql, with(name));
        names.iter().map(statement).collect()
    };
    batch.extend(each(DELETE_CREDENTIALS, &deletes_credentials));
    batch.extend(
        credentials
            .into_iter()
            .map(|credential| insert_credential(credential, &id)),
    );
    batch.extend(removes_identities.into_iter().map(|removed| {
        let mut parameters = with(&removed.issuer);
        parameters.push(removed.subject.into());
        Statement::new(REMOVE_IDENTITY, parameters)
    }));
    let adds = adds_identities.into_iter();
    batch.extend(adds.map(|added| insert_identity(added, &id)));
    batch.push(Statement::new(
        DELETE_TERMS,
        vec![user_id.into(), id.as_str().into()],
    ));
    batch.extend(each(ADD_TERM, &search_terms));
    batch.extend(each(ADD_ROLE, &adds_roles));
    batch.extend(each(REMOVE_ROLE, &removes_roles));
    batch.extend(append_with(IF_CHANGED, events, &[user_id, &id]));
    let ends = ends_sessions.is_some();
    if let Some(SessionEnding {
        except,
        only,
        only_acting,
        reason,
    }) = ends_sessions
    {
        let parameters = vec![
            user_id.into(),
            id.as_str().into(),
            now.into(),
            except.into(),
            reason.into(),
            only_acting.into(),
            only.into(),
        ];
        batch.push(Statement::new(END_SESSIONS, parameters));
    }
    batch.push(Statement::new(OUTCOME, decide()));

    let mut results = database.batch(batch).await?;
    let outcome = results.pop().and_then(|rows| rows.into_iter().next());
    match outcome.map(|mut row| row.next::<u64>()).transpose()? {
        Some(0) => {
            let ended = results.pop().filter(|_| ends).unwrap_or_default();
            Ok(ChangeOutcome::Changed(ids(ended)?))
        }
        Some(1) => Ok(ChangeOutcome::Conflict),
        Some(2) => Ok(ChangeOutcome::SecretRefused),
        Some(3) => Ok(ChangeOutcome::EmailTaken),
        Some(4) => Ok(ChangeOutcome::UsernameTaken),
        Some(5) => Ok(ChangeOutcome::LastHolder),
        Some(6) => Ok(ChangeOutcome::IdentityTaken),
        _ => Err(StorageError::Invalid(
            "a user was neither changed nor in conflict".into(),
        )),
    }
}
