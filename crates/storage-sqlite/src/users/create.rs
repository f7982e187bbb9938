//! Creation of users. The first statement decides which users are stored, and marks them. The following statements
//! store data only for marked users.

use std::collections::BTreeSet;

use gatewright_storage::{CreateUserOutcome, Grounds, Identity, NewUser, StorageError};

use crate::audit::{FORGET_DECISION, IF_CHANGED, append_with};
use crate::executor::{Executor, ForEach, Statement};
use crate::grounds::{self, grounds_hold};
use crate::identities::{self, identity_taken};
use crate::value::{Row, Value};

/// The row of a user that this change has stored. If there is none, no data of the user is stored.
macro_rules! stored {
    () => {
        "(SELECT row FROM users WHERE id = item.user_id AND change_id = item.mark)"
    };
}
/// Whether an existing user, or one earlier in the list, has the value of a row of the list.
macro_rules! taken {
    ($column:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users WHERE ",
            $column,
            " = item.",
            $column,
            " AND (change_id IS NULL OR change_id NOT GLOB ?1 || '/*' OR change_id < item.mark))"
        )
    };
}
/// Whether any user has the role that must be unassigned.
macro_rules! held {
    () => {
        "?2 IS NOT NULL AND EXISTS (
            SELECT 1 FROM roles JOIN user_roles ON user_roles.role_row = roles.row WHERE roles.name = ?2)"
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
        "(?3 = 0 OR EXISTS (SELECT 1 FROM decisions WHERE id = ?1))"
    };
}
const DECIDE: &str = concat!(
    "INSERT INTO decisions (id) SELECT ?1 WHERE ",
    grounds_hold!("?2")
);

// Ignores users whose unique key is taken or whose identifier is null.
const INSERT_USERS: ForEach = ForEach {
    into: "INSERT OR IGNORE INTO users (change_id, id, email, email_key, email_verified_at, username, username_key,
        display_name, profile, disabled_at, locked_until, created_at, updated_at, last_login_at, email_proved_at)",
    columns: &[
        "mark",
        "id",
        "email",
        "email_key",
        "email_verified_at",
        "username",
        "username_key",
        "display_name",
        "profile",
        "disabled_at",
        "locked_until",
        "created_at",
        "updated_at",
        "last_login_at",
        "email_proved_at",
        "pairs",
        "repeats",
    ],
    values: concat!(
        "item.mark, CASE WHEN NOT (",
        held!(),
        ") AND ",
        decided!(),
        " AND NOT ",
        identified!(),
        " THEN item.id END, item.email, item.email_key, item.email_verified_at, item.username,
        item.username_key, item.display_name, item.profile, item.disabled_at, item.locked_until, item.created_at,
        item.updated_at, item.last_login_at, item.email_proved_at"
    ),
    unless: "",
};
const INSERT_CREDENTIALS: ForEach = ForEach {
    into: "INSERT INTO credentials (user_row, id, kind, secret, counter, label, created_at, updated_at, last_used_at)",
    columns: &[
        "mark",
        "user_id",
        "id",
        "kind",
        "secret",
        "counter",
        "label",
        "created_at",
        "updated_at",
        "last_used_at",
    ],
    values: concat!(
        stored!(),
        ", item.id, item.kind, item.secret, item.counter, item.label, item.created_at, item.updated_at, item.last_used_at"
    ),
    unless: "",
};
const INSERT_IDENTITIES: ForEach = ForEach {
    into: "INSERT INTO identities (user_row, issuer, subject, provider, email, label, created_at, last_used_at, tokens)",
    columns: &[
        "mark",
        "user_id",
        "issuer",
        "subject",
        "provider",
        "email",
        "label",
        "created_at",
        "last_used_at",
        "tokens",
    ],
    values: concat!(
        stored!(),
        ", item.issuer, item.subject, item.provider, item.email, item.label, item.created_at, item.last_used_at, item.tokens"
    ),
    unless: "ON CONFLICT DO NOTHING",
};
const INSERT_ROLES: ForEach = ForEach {
    into: "INSERT INTO user_roles (user_row, role_row)",
    columns: &["mark", "user_id", "role"],
    values: concat!(
        stored!(),
        ", (SELECT row FROM roles WHERE name = item.role)"
    ),
    unless: "ON CONFLICT DO NOTHING",
};
const INSERT_TERMS: ForEach = ForEach {
    into: "INSERT INTO user_terms (user_row, term)",
    columns: &["mark", "user_id", "term"],
    values: concat!(stored!(), ", item.term"),
    unless: "ON CONFLICT DO NOTHING",
};
// 0: created, 1: role assigned, 2: identifier taken, 3: address taken, 4: user name taken, 5: grounds changed,
// 6: identity taken.
const CREATE_OUTCOMES: ForEach = ForEach {
    into: "",
    columns: &[
        "mark",
        "id",
        "email_key",
        "username_key",
        "pairs",
        "repeats",
    ],
    values: concat!(
        "CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = item.id AND change_id = item.mark) THEN 0 WHEN NOT ",
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
        " THEN 6 END"
    ),
    unless: "",
};

/// The mark of a user who is stored alone. The same batch clears it.
const ALONE: &str = "new";
const UNMARK: &str = "UPDATE users SET change_id = NULL WHERE id = ?1 AND change_id = 'new/10000'";

/// Returns the mark of a user who is stored by a change: the change and the place in its list, with a fixed number of
/// digits.
fn mark(change_id: &str, place: usize) -> String {
    format!("{change_id}/{}", 10_000 + place)
}

pub(crate) async fn create_user(
    executor: &impl Executor,
    mut new: NewUser,
) -> Result<CreateUserOutcome, StorageError> {
    let (unless_role_assigned, grounds) = (new.unless_role_assigned.take(), new.grounds.take());
    let outcomes = create(executor, None, vec![new], unless_role_assigned, grounds).await?;
    outcomes.into_iter().next().ok_or_else(undecided)
}

pub(crate) async fn create_users(
    executor: &impl Executor,
    change: String,
    users: Vec<NewUser>,
    grounds: Option<Grounds>,
) -> Result<Vec<CreateUserOutcome>, StorageError> {
    create(executor, Some(change), users, None, grounds).await
}

async fn create<E: Executor>(
    executor: &E,
    change: Option<String>,
    new: Vec<NewUser>,
    unless_role_assigned: Option<String>,
    grounds: Option<Grounds>,
) -> Result<Vec<CreateUserOutcome>, StorageError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let (mut users, mut credentials, mut roles, mut terms, mut keys) =
        (vec![], vec![], vec![], vec![], vec![]);
    let (mut identities, mut seen, mut events) = (vec![], BTreeSet::new(), vec![]);
    let first = new.first().map(|new| new.user.id.clone());
    let change_id = change.as_deref().unwrap_or(ALONE);
    for (place, new) in new.into_iter().enumerate() {
        let user = new.user;
        let mark = mark(change_id, place);
        let of_user = || vec![mark.as_str().into(), user.id.as_str().into()];
        for held in new.credentials {
            let mut row = of_user();
            row.extend([
                held.id.into(),
                held.kind.into(),
                held.secret.into(),
                held.counter.into(),
                held.label.into(),
                held.created_at.into(),
                held.updated_at.into(),
                held.last_used_at.into(),
            ]);
            credentials.push(row);
        }
        events.extend(append_with(IF_CHANGED, new.events, &[&user.id, &mark]));
        let pairs = identities::pairs(&new.identities);
        let key = |one: &Identity| (one.issuer.clone(), one.subject.clone());
        let repeats = new.identities.iter().any(|one| seen.contains(&key(one)));
        seen.extend(new.identities.iter().map(key));
        for identity in new.identities {
            let mut row = of_user();
            row.extend(identities::fields(identity));
            identities.push(row);
        }
        for (rows, names) in [(&mut roles, new.roles), (&mut terms, new.search_terms)] {
            for name in names {
                let mut row = of_user();
                row.push(name.into());
                rows.push(row);
            }
        }
        let mut row = of_user();
        row.extend([
            new.email_key.as_deref().into(),
            new.username_key.as_deref().into(),
            pairs.clone(),
            u64::from(repeats).into(),
        ]);
        keys.push(row);
        users.push(vec![
            mark.into(),
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
            u64::from(repeats).into(),
        ]);
    }
    let grounds = grounds::parameter(grounds);
    let with_grounds = grounds != Value::Null;
    let decide = || {
        vec![
            change_id.into(),
            unless_role_assigned.as_deref().into(),
            u64::from(with_grounds).into(),
        ]
    };
    let mut batch = Vec::new();
    if with_grounds {
        batch.push(Statement::new(DECIDE, vec![change_id.into(), grounds]));
    }
    batch.push(Statement::for_each::<E>(&INSERT_USERS, decide(), users));
    for (each, rows) in [
        (INSERT_CREDENTIALS, credentials),
        (INSERT_IDENTITIES, identities),
        (INSERT_ROLES, roles),
        (INSERT_TERMS, terms),
    ] {
        if !rows.is_empty() {
            batch.push(Statement::for_each::<E>(&each, vec![], rows));
        }
    }
    batch.extend(events);
    batch.push(Statement::for_each::<E>(&CREATE_OUTCOMES, decide(), keys));
    let decided = batch.len() - 1;
    if change.is_none() {
        batch.push(Statement::new(UNMARK, vec![first.into()]));
    }
    if with_grounds {
        batch.push(Statement::new(FORGET_DECISION, vec![change_id.into()]));
    }
    let results = executor.batch(batch).await?;
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
