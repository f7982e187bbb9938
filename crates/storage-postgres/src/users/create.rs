//! Creation of users. One statement decides which users are stored, marks them, and stores their data. The next one says why
//! others were not stored.
//!
//! Most lists have only new users. So another statement first stores all users of a list or none. It looks for their addresses
//! and names, but not for each user's other keys.

use gatewright_storage::{CreateUserOutcome, Grounds, NewUser, StorageError};

use crate::audit::FORGET_DECISION;
use crate::database::Database;
use crate::executor::{Executor, Failure, Statement};
use crate::grounds::{self, grounds_hold};
use crate::guards::{lock_decisions, lock_role, share_decisions};
use crate::identities::identity_taken;
use crate::users::last_holder::held_by_index;
use crate::users::lists::{KEYS, Lists, lists};
use crate::value::{Row, Value};

/// Whether an existing user, or one earlier in the list, has the value of a row of the list.
macro_rules! taken {
    ($column:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users WHERE users.",
            $column,
            " = item.",
            $column,
            " AND (change_id IS NULL OR NOT starts_with(change_id, $1::text || '/') OR change_id < ",
            mark!(),
            "))"
        )
    };
}
/// Whether any user has the role that must be unassigned.
macro_rules! held {
    () => {
        concat!(
            "($2::text IS NOT NULL AND (SELECT user_roles.user_id FROM user_roles WHERE ",
            held_by_index!("$2"),
            ") IS NOT NULL)"
        )
    };
}

/// Whether an existing user, or one earlier in the list, has an identity of a row of the list. The identities of users
/// in the list are stored after all users, so `repeats` says whether an earlier row has one of them.
macro_rules! identified {
    () => {
        concat!("(item.repeats = 1 OR ", identity_taken!("item.pairs"), ")")
    };
}

/// Whether the grounds, if there are any, were unchanged at the beginning of the batch. Checked once for all rows.
macro_rules! decided {
    () => {
        "(NOT $3::boolean OR EXISTS (SELECT 1 FROM decisions WHERE id = $1))"
    };
}
const DECIDE: &str = concat!(
    "INSERT INTO decisions (id) SELECT $1 WHERE ",
    grounds_hold!("$2")
);

/// The mark of a row: the change and the place in its list.
macro_rules! mark {
    () => {
        "($1::text || '/' || item.place)"
    };
}
/// Whether the user of a row was stored. The marks of stored users are hashed once, because the subquery is part of an
/// expression.
macro_rules! stored {
    () => {
        concat!(
            "coalesce(",
            mark!(),
            " IN (SELECT change_id FROM stored), false)"
        )
    };
}

/// Whether the user of a row may be stored, apart from keys that are taken.
macro_rules! allowed {
    () => {
        concat!("NOT ", held!(), " AND ", decided!())
    };
}
/// Stores users and their data, and returns the number of the users. The first condition is about users, the second one about
/// rows of their data. A new user has no roles and terms yet.
macro_rules! insert {
    ($users:expr, $data:expr) => {
        concat!(
            "WITH stored AS (
        INSERT INTO users (change_id, id, email, email_key, email_verified_at, username, username_key, display_name,
            profile, disabled_at, locked_until, created_at, updated_at, last_login_at, email_proved_at)
        SELECT ",
            mark!(),
            ", item.id, item.email, item.email_key, item.email_verified_at, item.username, item.username_key,
            item.display_name, item.profile, item.disabled_at, item.locked_until, item.created_at, item.updated_at,
            item.last_login_at, item.email_proved_at
        FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[],
            $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
            $19::text[], $20::bigint[]) AS item (place, id, email, email_key, email_verified_at, username, username_key,
            display_name, profile, disabled_at, locked_until, created_at, updated_at, last_login_at, email_proved_at, pairs,
            repeats)
        WHERE ",
            $users,
            "
    ), with_credentials AS (
        INSERT INTO credentials (user_id, id, kind, secret, counter, label, created_at, updated_at, last_used_at)
        SELECT item.user_id, item.id, item.kind, item.secret, item.counter, item.label, item.created_at, item.updated_at,
            item.last_used_at
        FROM unnest($21::bigint[], $22::text[], $23::text[], $24::text[], $25::text[], $26::bigint[], $27::text[],
            $28::bigint[], $29::bigint[], $30::bigint[]) AS item (place, user_id, id, kind, secret, counter, label,
            created_at, updated_at, last_used_at)
        WHERE ",
            $data,
            "
    ), with_identities AS (
        INSERT INTO identities (user_id, issuer, subject, provider, email, label, created_at, last_used_at, tokens)
        SELECT item.user_id, item.issuer, item.subject, item.provider, item.email, item.label, item.created_at,
            item.last_used_at, item.tokens
        FROM unnest($31::bigint[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[],
            $38::bigint[], $39::bigint[], $40::text[]) AS item (place, user_id, issuer, subject, provider, email, label,
            created_at, last_used_at, tokens)
        WHERE ",
            $data,
            " ORDER BY item.place
    ), given AS MATERIALIZED (
        SELECT roles.id, roles.name FROM roles WHERE roles.name IN (SELECT unnest($43::text[]))
        ORDER BY roles.id FOR KEY SHARE OF roles
    ), with_roles AS (
        INSERT INTO user_roles (user_id, role_id) SELECT item.user_id, given.id
        FROM unnest($41::bigint[], $42::text[], $43::text[]) AS item (place, user_id, role)
        JOIN given ON given.name = item.role
        WHERE ",
            $data,
            "
    ), with_terms AS (
        INSERT INTO user_terms (user_id, term) SELECT item.user_id, item.term
        FROM unnest($44::bigint[], $45::text[], $46::text[]) AS item (place, user_id, term)
        WHERE ",
            $data,
            "
    )
    SELECT count(*) FROM stored"
        )
    };
}
// Passes over users whose unique key is taken. One statement, so that the rest is stored without looking up each user again.
const INSERT: &str = insert!(
    concat!(
        allowed!(),
        " AND NOT ",
        identified!(),
        " ORDER BY item.place ON CONFLICT DO NOTHING RETURNING change_id"
    ),
    stored!()
);
/// Whether nobody has the address or the user name of any row.
macro_rules! newcomers {
    () => {
        "(SELECT true FROM users WHERE email_key = ANY ($7::text[]) ORDER BY email_key LIMIT 1) IS NULL
        AND (SELECT true FROM users WHERE username_key = ANY ($10::text[]) ORDER BY username_key LIMIT 1) IS NULL"
    };
}
// Stores all users or none. Fails if an identifier or an identity is taken, or if a concurrent transaction takes a key. Two
// lists with the same users can wait for each other, because this statement locks each key when it stores it.
const INSERT_ALL: &str = insert!(
    concat!(allowed!(), " AND ", newcomers!(), " RETURNING 1"),
    "(SELECT count(*) FROM stored) > 0"
);
// PostgreSQL keeps a plan that it has made for few users. It would go on to read the whole table when there are many, until
// it collects statistics.
const BY_INDEX: &str = "SELECT set_config('enable_seqscan', 'off', true)";
// 0: created, 1: role assigned, 2: identifier taken, 3: address taken, 4: user name taken, 5: grounds changed,
// 6: identity taken. If another user had a key and was deleted meanwhile, the caller tries again, as after a change of
// the grounds.
const OUTCOMES: &str = concat!(
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = item.id AND change_id = ",
    mark!(),
    ") THEN 0 WHEN NOT ",
    decided!(),
    " THEN 5 WHEN ",
    held!(),
    " THEN 1 WHEN ",
    taken!("id"),
    " THEN 2 WHEN ",
    taken!("email_key"),
    " THEN 3 WHEN ",
    taken!("username_key"),
    " THEN 4 WHEN ",
    identified!(),
    " THEN 6 ELSE 5 END
    FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])
        AS item (place, id, email_key, username_key, pairs, repeats) ORDER BY item.place"
);

/// The mark of a user who is stored alone. The same batch clears it.
const ALONE: &str = "new";
const UNMARK: &str = "UPDATE users SET change_id = NULL WHERE id = $1 AND change_id = 'new/10000'";

pub(crate) async fn create_user(
    database: &Database<impl Executor>,
    mut new: NewUser,
) -> Result<CreateUserOutcome, StorageError> {
    let (unless_role_assigned, grounds) = (new.unless_role_assigned.take(), new.grounds.take());
    let outcomes = create(database, None, vec![new], unless_role_assigned, grounds).await?;
    outcomes.into_iter().next().ok_or_else(undecided)
}

pub(crate) async fn create_users(
    database: &Database<impl Executor>,
    change: String,
    users: Vec<NewUser>,
    grounds: Option<Grounds>,
) -> Result<Vec<CreateUserOutcome>, StorageError> {
    create(database, Some(change), users, None, grounds).await
}

async fn create(
    database: &Database<impl Executor>,
    change: Option<String>,
    new: Vec<NewUser>,
    unless_role_assigned: Option<String>,
    grounds: Option<Grounds>,
) -> Result<Vec<CreateUserOutcome>, StorageError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let (first, number) = (new.first().map(|new| new.user.id.clone()), new.len());
    let change_id = change.as_deref().unwrap_or(ALONE);
    let Lists {
        rows,
        repeats,
        events,
    } = lists(change_id, new);
    let about_holders = grounds.as_ref().is_some_and(grounds::are_about_holders);
    let grounds = grounds::parameter(grounds);
    let with_grounds = grounds != Value::Null;
    let decide = || {
        vec![
            change_id.into(),
            unless_role_assigned.as_deref().into(),
            with_grounds.into(),
        ]
    };
    let mut batch = Vec::new();
    if with_grounds {
        // New users change only the standings of holders, so that several imports run at the same time.
        batch.push(if about_holders {
            lock_decisions()
        } else {
            share_decisions()
        });
        batch.push(Statement::new(DECIDE, vec![change_id.into(), grounds]));
    }
    batch.extend(unless_role_assigned.as_deref().map(lock_role));
    let inserted = batch.len();
    batch.push(Statement::new(
        INSERT,
        decide().into_iter().chain(rows).collect(),
    ));
    batch.extend(events);
    let decided = batch.len();
    if change.is_none() {
        batch.push(Statement::new(UNMARK, vec![first.into()]));
    }
    if with_grounds {
        batch.push(Statement::new(FORGET_DECISION, vec![change_id.into()]));
    }
    if change.is_some()
        && !repeats
        && create_all(database, batch.clone(), inserted).await? == number
    {
        return Ok(vec![CreateUserOutcome::Created; number]);
    }
    let users = &batch[inserted].parameters[decide().len()..];
    let keys = KEYS.map(|column| users[column].clone());
    let keys = decide().into_iter().chain(keys).collect();
    batch.insert(decided, Statement::new(OUTCOMES, keys));
    let results = database.batch(batch).await?;
    let outcomes = results.into_iter().nth(decided).unwrap_or_default();
    let outcome = |mut row: Row| match row.next::<Option<u64>>()? {
        Some(0) => Ok(CreateUserOutcome::Created),
        Some(1) => Ok(CreateUserOutcome::RoleAssigned),
        Some(2) => Ok(CreateUserOutcome::IdTaken),
        Some(3) => Ok(CreateUserOutcome::EmailTaken),
        Some(4) => Ok(CreateUserOutcome::UsernameTaken),
        Some(5) => Ok(CreateUserOutcome::Conflict),
        Some(6) => Ok(CreateUserOutcome::IdentityTaken),
        _ => Err(undecided()),
    };
    outcomes.into_iter().map(outcome).collect()
}

/// Runs a batch that stores all users of a list or none, instead of those whose keys are free. Returns how many it stored.
async fn create_all(
    database: &Database<impl Executor>,
    mut batch: Vec<Statement>,
    inserted: usize,
) -> Result<usize, StorageError> {
    batch[inserted].sql = INSERT_ALL.into();
    batch.insert(0, Statement::new(BY_INDEX, vec![]));
    let results = match database.executor.batch(batch).await {
        Ok(results) => results,
        Err(Failure::Overtaken(_)) => return Ok(0),
        Err(Failure::Failed(error)) => return Err(error),
    };
    let row = results
        .into_iter()
        .nth(inserted + 1)
        .into_iter()
        .flatten()
        .next();
    let stored: u64 = row.ok_or_else(undecided)?.next()?;
    Ok(stored as usize)
}

fn undecided() -> StorageError {
    StorageError::Invalid("a user was neither created nor in conflict".into())
}
