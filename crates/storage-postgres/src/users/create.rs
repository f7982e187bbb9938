//! Creation of users. The first statement decides which users are stored, and marks them. The following statements
//! store data only for marked users.

use std::collections::BTreeSet;

use gatewright_storage::{CreateUserOutcome, Grounds, Identity, NewUser, StorageError};

use crate::audit::{IF_CHANGED, append_with};
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
            " AND (change_id IS NULL OR NOT starts_with(change_id, $1::text || '/') OR change_id < item.mark))"
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
        concat!("(item.repeats OR ", identity_taken!("item.pairs"), ")")
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
const FORGET_DECISION: &str = "DELETE FROM decisions WHERE id = $1";

/// A statement for each row of a list, in its order.
struct ForEach {
    /// The names of a row's columns.
    columns: &'static [&'static str],
    sql: &'static str,
}

impl ForEach {
    /// Creates the statement. The list is its last parameter.
    fn statement(&self, mut parameters: Vec<Value>, rows: Vec<Vec<Value>>) -> Statement {
        let object = |row: Vec<Value>| {
            let names = self.columns.iter().map(|name| (*name).to_owned());
            serde_json::Value::Object(names.zip(row.into_iter().map(Into::into)).collect())
        };
        let list: serde_json::Value = rows.into_iter().map(object).collect();
        parameters.push(list.to_string().into());
        Statement::new(self.sql, parameters)
    }
}

/// Names that users have several of, a list for each parameter. Arrays cost the server less than JSON, and most rows of
/// an import are such names.
#[derive(Default)]
struct Names {
    marks: Vec<String>,
    user_ids: Vec<String>,
    names: Vec<String>,
}

impl Names {
    fn push(&mut self, mark: &str, user_id: &str, name: String) {
        self.marks.push(mark.to_owned());
        self.user_ids.push(user_id.to_owned());
        self.names.push(name);
    }

    fn statement(self, sql: &'static str) -> Statement {
        let lists = [self.marks, self.user_ids, self.names];
        Statement::new(sql, lists.into_iter().map(Value::Texts).collect())
    }
}

// Passes over users whose unique key is taken.
const INSERT_USERS: ForEach = ForEach {
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
    sql: concat!(
        "INSERT INTO users (change_id, id, email, email_key, email_verified_at, username, username_key, display_name,
            profile, disabled_at, locked_until, created_at, updated_at, last_login_at, email_proved_at)
        SELECT item.mark, item.id, item.email, item.email_key, item.email_verified_at, item.username, item.username_key,
            item.display_name, item.profile, item.disabled_at, item.locked_until, item.created_at, item.updated_at,
            item.last_login_at, item.email_proved_at
        FROM json_to_recordset($4::text::json) AS item (mark text, id text, email text, email_key text,
            email_verified_at bigint, username text, username_key text, display_name text, profile text,
            disabled_at bigint, locked_until bigint, created_at bigint, updated_at bigint, last_login_at bigint,
            email_proved_at bigint, pairs text, repeats boolean)
        WHERE NOT ",
        held!(),
        " AND ",
        decided!(),
        " AND NOT ",
        identified!(),
        " ORDER BY item.mark ON CONFLICT DO NOTHING"
    ),
};
const INSERT_CREDENTIALS: ForEach = ForEach {
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
    sql: "INSERT INTO credentials (user_id, id, kind, secret, counter, label, created_at, updated_at, last_used_at)
        SELECT users.id, item.id, item.kind, item.secret, item.counter, item.label, item.created_at, item.updated_at,
            item.last_used_at
        FROM json_to_recordset($1::text::json) AS item (mark text, user_id text, id text, kind text, secret text,
            counter bigint, label text, created_at bigint, updated_at bigint, last_used_at bigint)
        JOIN users ON users.id = item.user_id AND users.change_id = item.mark",
};
const INSERT_IDENTITIES: ForEach = ForEach {
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
    sql: "INSERT INTO identities (user_id, issuer, subject, provider, email, label, created_at, last_used_at, tokens)
        SELECT users.id, item.issuer, item.subject, item.provider, item.email, item.label, item.created_at,
            item.last_used_at, item.tokens
        FROM json_to_recordset($1::text::json) AS item (mark text, user_id text, issuer text, subject text, provider text,
            email text, label text, created_at bigint, last_used_at bigint, tokens text)
        JOIN users ON users.id = item.user_id AND users.change_id = item.mark ORDER BY item.mark",
};
/// Stores what users have several of. The parameters are three lists: marks, identifiers of users, and names. A new user
/// has none of them yet, so there is no conflict.
const INSERT_ROLES: &str = "INSERT INTO user_roles (user_id, role_id) SELECT users.id, roles.id
    FROM unnest($1::text[], $2::text[], $3::text[]) AS item (mark, user_id, role)
    JOIN users ON users.id = item.user_id AND users.change_id = item.mark
    JOIN roles ON roles.name = item.role";
const INSERT_TERMS: &str = "INSERT INTO user_terms (user_id, term) SELECT users.id, item.term
    FROM unnest($1::text[], $2::text[], $3::text[]) AS item (mark, user_id, term)
    JOIN users ON users.id = item.user_id AND users.change_id = item.mark";
// 0: created, 1: role assigned, 2: identifier taken, 3: address taken, 4: user name taken, 5: grounds changed,
// 6: identity taken. If another user had a key and was deleted meanwhile, the caller tries again, as after a change of
// the grounds.
const CREATE_OUTCOMES: ForEach = ForEach {
    columns: &[
        "mark",
        "id",
        "email_key",
        "username_key",
        "pairs",
        "repeats",
    ],
    sql: concat!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = item.id AND change_id = item.mark) THEN 0 WHEN NOT ",
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
        FROM json_to_recordset($4::text::json) AS item (mark text, id text, email_key text, username_key text, pairs text,
            repeats boolean) ORDER BY item.mark"
    ),
};

/// The mark of a user who is stored alone. The same batch clears it.
const ALONE: &str = "new";
const UNMARK: &str = "UPDATE users SET change_id = NULL WHERE id = $1 AND change_id = 'new/10000'";

/// Returns the mark of a user who is stored by a change: the change and the place in its list, with a fixed number of
/// digits.
fn mark(change_id: &str, place: usize) -> String {
    format!("{change_id}/{}", 10_000 + place)
}

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
    let (mut users, mut credentials, mut keys) = (vec![], vec![], vec![]);
    let (mut roles, mut terms) = (Names::default(), Names::default());
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
        for (lists, names) in [(&mut roles, new.roles), (&mut terms, new.search_terms)] {
            for name in BTreeSet::from_iter(names) {
                lists.push(&mark, &user.id, name);
            }
        }
        let mut row = of_user();
        row.extend([
            new.email_key.as_deref().into(),
            new.username_key.as_deref().into(),
            pairs.clone(),
            repeats.into(),
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
            repeats.into(),
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
    batch.push(INSERT_USERS.statement(decide(), users));
    for (each, rows) in [
        (INSERT_CREDENTIALS, credentials),
        (INSERT_IDENTITIES, identities),
    ] {
        if !rows.is_empty() {
            batch.push(each.statement(vec![], rows));
        }
    }
    for (sql, names) in [(INSERT_ROLES, roles), (INSERT_TERMS, terms)] {
        if !names.names.is_empty() {
            batch.push(names.statement(sql));
        }
    }
    batch.extend(events);
    batch.push(CREATE_OUTCOMES.statement(decide(), keys));
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
