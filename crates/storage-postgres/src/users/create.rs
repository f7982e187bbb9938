//! Creation of users. One statement decides which users are stored, marks them, and stores their data. The next one says why
//! others were not stored.

use std::collections::BTreeSet;

use gatewright_storage::{CreateUserOutcome, Grounds, Identity, NewUser, StorageError};

use crate::audit::{FORGET_DECISION, IF_CHANGED, append_with};
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::grounds::{self, grounds_hold};
use crate::guards::{lock_decisions, lock_role, share_decisions};
use crate::identities::{self, identity_taken};
use crate::users::last_holder::held_by_index;
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

/// Rows, as a list for each column. Lists cost the server less than JSON.
struct Rows(Vec<Value>);

/// The type of a column.
#[derive(Clone, Copy)]
enum Type {
    Integer,
    Text,
}
use Type::{Integer, Text};

impl Rows {
    fn new(types: &[Type]) -> Self {
        let list = |ty: &Type| match ty {
            Integer => Value::Integers(vec![]),
            Text => Value::Texts(vec![]),
        };
        Self(types.iter().map(list).collect())
    }

    fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        for (list, value) in self.0.iter_mut().zip(row) {
            match (list, value) {
                (Value::Integers(list), Value::Integer(number)) => list.push(Some(number)),
                (Value::Texts(list), Value::Text(text)) => list.push(Some(text)),
                (Value::Integers(list), _) => list.push(None),
                (Value::Texts(list), _) => list.push(None),
                _ => {}
            }
        }
    }
}

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

const USERS: [Type; 17] = [
    Integer, Text, Text, Text, Integer, Text, Text, Text, Text, Integer, Integer, Integer, Integer,
    Integer, Integer, Text, Integer,
];
const CREDENTIALS: [Type; 10] = [
    Integer, Text, Text, Text, Text, Integer, Text, Integer, Integer, Integer,
];
const IDENTITIES: [Type; 10] = [
    Integer, Text, Text, Text, Text, Text, Text, Integer, Integer, Text,
];
/// Names that users have several of: places, identifiers of users, and names.
const NAMES: [Type; 3] = [Integer, Text, Text];

// Passes over users whose unique key is taken. One statement, so that the rest is stored without looking up each user again.
// A new user has no roles and terms yet.
const INSERT: &str = concat!(
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
        WHERE NOT ",
    held!(),
    " AND ",
    decided!(),
    " AND NOT ",
    identified!(),
    " ORDER BY item.place ON CONFLICT DO NOTHING RETURNING change_id
    ), with_credentials AS (
        INSERT INTO credentials (user_id, id, kind, secret, counter, label, created_at, updated_at, last_used_at)
        SELECT item.user_id, item.id, item.kind, item.secret, item.counter, item.label, item.created_at, item.updated_at,
            item.last_used_at
        FROM unnest($21::bigint[], $22::text[], $23::text[], $24::text[], $25::text[], $26::bigint[], $27::text[],
            $28::bigint[], $29::bigint[], $30::bigint[]) AS item (place, user_id, id, kind, secret, counter, label,
            created_at, updated_at, last_used_at)
        WHERE ",
    stored!(),
    "
    ), with_identities AS (
        INSERT INTO identities (user_id, issuer, subject, provider, email, label, created_at, last_used_at, tokens)
        SELECT item.user_id, item.issuer, item.subject, item.provider, item.email, item.label, item.created_at,
            item.last_used_at, item.tokens
        FROM unnest($31::bigint[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[],
            $38::bigint[], $39::bigint[], $40::text[]) AS item (place, user_id, issuer, subject, provider, email, label,
            created_at, last_used_at, tokens)
        WHERE ",
    stored!(),
    " ORDER BY item.place
    ), given AS MATERIALIZED (
        SELECT roles.id, roles.name FROM roles WHERE roles.name IN (SELECT unnest($43::text[]))
        ORDER BY roles.id FOR KEY SHARE OF roles
    ), with_roles AS (
        INSERT INTO user_roles (user_id, role_id) SELECT item.user_id, given.id
        FROM unnest($41::bigint[], $42::text[], $43::text[]) AS item (place, user_id, role)
        JOIN given ON given.name = item.role
        WHERE ",
    stored!(),
    "
    )
    INSERT INTO user_terms (user_id, term) SELECT item.user_id, item.term
    FROM unnest($44::bigint[], $45::text[], $46::text[]) AS item (place, user_id, term) WHERE ",
    stored!()
);
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
const KEYS: [Type; 6] = [Integer, Text, Text, Text, Text, Integer];

/// The mark of a user who is stored alone. The same batch clears it.
const ALONE: &str = "new";
const UNMARK: &str = "UPDATE users SET change_id = NULL WHERE id = $1 AND change_id = 'new/10000'";

/// The place of the first user of a list, so that all places have the same number of digits and marks sort by them.
const FIRST: i64 = 10_000;

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
    let (mut users, mut keys) = (Rows::new(&USERS), Rows::new(&KEYS));
    let (mut credentials, mut identities) = (Rows::new(&CREDENTIALS), Rows::new(&IDENTITIES));
    let (mut roles, mut terms) = (Rows::new(&NAMES), Rows::new(&NAMES));
    let (mut seen, mut events) = (BTreeSet::new(), vec![]);
    let first = new.first().map(|new| new.user.id.clone());
    let change_id = change.as_deref().unwrap_or(ALONE);
    for (place, new) in (FIRST..).zip(new) {
        let user = new.user;
        let of_user = || [Value::Integer(place), user.id.as_str().into()];
        for held in new.credentials {
            credentials.push(of_user().into_iter().chain([
                held.id.into(),
                held.kind.into(),
                held.secret.into(),
                held.counter.into(),
                held.label.into(),
                held.created_at.into(),
                held.updated_at.into(),
                held.last_used_at.into(),
            ]));
        }
        let mark = format!("{change_id}/{place}");
        events.extend(append_with(IF_CHANGED, new.events, &[&user.id, &mark]));
        let pairs = identities::pairs(&new.identities);
        let key = |one: &Identity| (one.issuer.clone(), one.subject.clone());
        let repeats = new.identities.iter().any(|one| seen.contains(&key(one)));
        let repeats = Value::Integer(repeats.into());
        seen.extend(new.identities.iter().map(key));
        for identity in new.identities {
            identities.push(of_user().into_iter().chain(identities::fields(identity)));
        }
        for (rows, names) in [(&mut roles, new.roles), (&mut terms, new.search_terms)] {
            for name in BTreeSet::from_iter(names) {
                rows.push(of_user().into_iter().chain([name.into()]));
            }
        }
        keys.push(of_user().into_iter().chain([
            new.email_key.as_deref().into(),
            new.username_key.as_deref().into(),
            pairs.clone(),
            repeats.clone(),
        ]));
        users.push([
            Value::Integer(place),
            user.id.into(),
            user.email.into(),
            new.email_key.into(),
            user.email_verified_at.into(),
            user.username.into(),
            new.username_key.into(),
            user.display_name.into(),
            user.profile.into(),
            user.disabled_at.into(),
            user.locked_until.into(),
            user.created_at.into(),
            user.updated_at.into(),
            user.last_login_at.into(),
            user.email_proved_at.into(),
            pairs,
            repeats,
        ]);
    }
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
    let rows = [users, credentials, identities, roles, terms];
    let lists = rows.into_iter().flat_map(|rows| rows.0);
    batch.push(Statement::new(
        INSERT,
        decide().into_iter().chain(lists).collect(),
    ));
    batch.extend(events);
    batch.push(Statement::new(
        OUTCOMES,
        decide().into_iter().chain(keys.0).collect(),
    ));
    let decided = batch.len() - 1;
    if change.is_none() {
        batch.push(Statement::new(UNMARK, vec![first.into()]));
    }
    if with_grounds {
        batch.push(Statement::new(FORGET_DECISION, vec![change_id.into()]));
    }
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

fn undecided() -> StorageError {
    StorageError::Invalid("a user was neither created nor in conflict".into())
}
