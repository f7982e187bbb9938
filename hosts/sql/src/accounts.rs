//! Users and their credentials.

use auth_core::Timestamp;
use auth_core::storage::{
    Account, CreateUserOutcome, Credential, DeleteUserOutcome, LoginName, NewUser, StorageError,
    User,
};
use serde_json::json;

use crate::changes::last_holder;
use crate::executor::{Executor, Statement};
use crate::value::{Row, Value};

/// What marks who was stored by a change, with his place in its list, in as many digits for all.
macro_rules! mark {
    ($place:literal) => {
        concat!("(?2 || '/' || (10000 + ", $place, "))")
    };
}
/// The list, each row taken out of it once and not once for each of its columns.
macro_rules! listed {
    () => {
        "WITH list AS MATERIALIZED (SELECT key, value AS item FROM json_each(?1)) "
    };
}
/// Users that this change has stored, joined to what belongs to them.
macro_rules! stored {
    () => {
        concat!(
            "FROM list JOIN users ON users.id = item ->> 1 AND users.change_id = ",
            mark!("item ->> 0")
        )
    };
}
/// Whether somebody has what a row of the list brings who was there before, or stands earlier in the list.
macro_rules! taken {
    ($column:literal, $place:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users WHERE ",
            $column,
            " = item ->> ",
            $place,
            " AND (change_id IS NULL OR change_id NOT GLOB ?2 || '/*' OR change_id < ",
            mark!("key"),
            "))"
        )
    };
}

// Users come as a JSON list; each is inserted unless a unique key is taken.
const INSERT_USERS: &str = concat!(
    listed!(),
    "INSERT INTO users (id, email, email_key, email_verified_at, username, username_key,
        display_name, profile, disabled_at, locked_until, created_at, updated_at, last_login_at, change_id)
    SELECT item ->> 0, item ->> 1, item ->> 2, item ->> 3, item ->> 4, item ->> 5, item ->> 6, item ->> 7,
        item ->> 8, item ->> 9, item ->> 10, item ->> 11, item ->> 12, ",
    mark!("key"),
    " FROM list WHERE ?3 IS NULL OR NOT EXISTS (
        SELECT 1 FROM roles JOIN user_roles ON user_roles.role_id = roles.id WHERE roles.name = ?3)
    ORDER BY key ON CONFLICT DO NOTHING"
);
const INSERT_CREDENTIALS: &str = concat!(
    listed!(),
    "INSERT INTO credentials (id, user_id, kind, secret, counter, label, created_at, updated_at, last_used_at)
    SELECT item ->> 2, users.id, item ->> 3, item ->> 4, item ->> 5, item ->> 6, item ->> 7, item ->> 8, item ->> 9 ",
    stored!()
);
const INSERT_ROLES: &str = concat!(
    listed!(),
    "INSERT INTO user_roles (user_id, role_id) SELECT users.id, roles.id ",
    stored!(),
    " JOIN roles ON roles.name = item ->> 2 WHERE true ON CONFLICT DO NOTHING"
);
const INSERT_TERMS: &str = concat!(
    listed!(),
    "INSERT INTO user_terms (term, user_id) SELECT item ->> 2, users.id ",
    stored!(),
    " WHERE true ON CONFLICT DO NOTHING"
);
// 0: created, 1: a role is held, 2: the identifier is taken, 3: the address, 4: the name.
const CREATE_OUTCOMES: &str = concat!(
    listed!(),
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = item ->> 0 AND change_id = ",
    mark!("key"),
    ") THEN 0 WHEN ?3 IS NOT NULL AND EXISTS (
        SELECT 1 FROM roles JOIN user_roles ON user_roles.role_id = roles.id WHERE roles.name = ?3) THEN 1 WHEN ",
    taken!("id", "0"),
    " THEN 2 WHEN ",
    taken!("email_key", "2"),
    " THEN 3 WHEN ",
    taken!("username_key", "5"),
    " THEN 4 END AS outcome FROM list ORDER BY key"
);

/// What marks who is stored on his own, until the same batch takes it away again.
const ALONE: &str = "new";
const UNMARK: &str = "UPDATE users SET change_id = NULL WHERE id = ?1 AND change_id = 'new/10000'";

pub(crate) async fn create_user(
    executor: &impl Executor,
    mut new: NewUser,
) -> Result<CreateUserOutcome, StorageError> {
    let unless_held = new.unless_held.take();
    let outcomes = create(executor, None, vec![new], unless_held).await?;
    outcomes.into_iter().next().ok_or_else(undecided)
}

pub(crate) async fn create_users(
    executor: &impl Executor,
    change: String,
    users: Vec<NewUser>,
) -> Result<Vec<CreateUserOutcome>, StorageError> {
    create(executor, Some(change), users, None).await
}

async fn create(
    executor: &impl Executor,
    change: Option<String>,
    new: Vec<NewUser>,
    unless_held: Option<String>,
) -> Result<Vec<CreateUserOutcome>, StorageError> {
    let (mut users, mut credentials, mut roles, mut terms) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let first = new.first().map(|new| new.user.id.clone());
    let time = |time: Option<Timestamp>| time.map(Timestamp::as_millis);
    for (place, new) in new.into_iter().enumerate() {
        let user = new.user;
        let id = user.id.as_str();
        for held in new.credentials {
            credentials.push(json!([
                place,
                id,
                held.id,
                held.kind,
                held.secret,
                held.counter,
                held.label,
                held.created_at.as_millis(),
                held.updated_at.as_millis(),
                time(held.last_used_at)
            ]));
        }
        roles.extend(new.roles.iter().map(|role| json!([place, id, role])));
        terms.extend(new.terms.iter().map(|term| json!([place, id, term])));
        users.push(json!([
            user.id,
            user.email,
            new.email_key,
            time(user.email_verified_at),
            user.username,
            new.username_key,
            user.display_name,
            user.profile,
            time(user.disabled_at),
            time(user.locked_until),
            user.created_at.as_millis(),
            user.updated_at.as_millis(),
            time(user.last_login_at)
        ]));
    }
    let listed =
        |rows: Vec<serde_json::Value>| Value::from(serde_json::Value::from(rows).to_string());
    let users = listed(users);
    let change_id = change.as_deref().unwrap_or(ALONE);
    let decide = || {
        vec![
            users.clone(),
            change_id.into(),
            unless_held.as_deref().into(),
        ]
    };
    let mut batch = vec![Statement::new(INSERT_USERS, decide())];
    for (sql, rows) in [
        (INSERT_CREDENTIALS, credentials),
        (INSERT_ROLES, roles),
        (INSERT_TERMS, terms),
    ] {
        if !rows.is_empty() {
            batch.push(Statement::new(sql, vec![listed(rows), change_id.into()]));
        }
    }
    batch.push(Statement::new(CREATE_OUTCOMES, decide()));
    let decided = batch.len() - 1;
    if change.is_none() {
        batch.push(Statement::new(UNMARK, vec![first.into()]));
    }
    let results = executor.batch(batch).await?;
    let outcomes = results.into_iter().nth(decided).unwrap_or_default();
    let outcome = |mut row: Row| match row.next::<Option<u64>>()? {
        Some(0) => Ok(CreateUserOutcome::Created),
        Some(1) => Ok(CreateUserOutcome::RoleHeld),
        Some(2) => Ok(CreateUserOutcome::IdTaken),
        Some(3) => Ok(CreateUserOutcome::EmailTaken),
        Some(4) => Ok(CreateUserOutcome::UsernameTaken),
        _ => Err(undecided()),
    };
    outcomes.into_iter().map(outcome).collect()
}

fn undecided() -> StorageError {
    StorageError::Invalid("a user was neither created nor in conflict".into())
}

const INSERT_CREDENTIAL: &str =
    "INSERT INTO credentials (id, user_id, kind, secret, counter, label, created_at, updated_at, last_used_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM users WHERE id = ?2 AND change_id = ?10";

/// Stores a credential of a user who was just changed by this change.
pub(crate) fn insert_credential(credential: Credential, change_id: &str) -> Statement {
    let parameters = vec![
        credential.id.into(),
        credential.user_id.into(),
        credential.kind.into(),
        credential.secret.into(),
        credential.counter.into(),
        credential.label.into(),
        credential.created_at.into(),
        credential.updated_at.into(),
        credential.last_used_at.into(),
        change_id.into(),
    ];
    Statement::new(INSERT_CREDENTIAL, parameters)
}

/// The columns that [`user`] reads.
macro_rules! user_columns {
    () => {
        "users.id, users.email, users.email_verified_at, users.username, users.display_name, users.profile,
        users.disabled_at, users.locked_until, users.created_at, users.updated_at, users.last_login_at"
    };
}
pub(crate) use user_columns;

/// Reads the columns of `user_columns!`.
pub(crate) fn user(row: &mut Row) -> Result<User, StorageError> {
    Ok(User {
        id: row.next()?,
        email: row.next()?,
        email_verified_at: row.next()?,
        username: row.next()?,
        display_name: row.next()?,
        profile: row.next()?,
        disabled_at: row.next()?,
        locked_until: row.next()?,
        created_at: row.next()?,
        updated_at: row.next()?,
        last_login_at: row.next()?,
    })
}

macro_rules! find_account {
    ($key:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            ", credentials.id AS credential_id, credentials.kind, credentials.secret, credentials.counter, credentials.label,
            credentials.created_at AS credential_created_at, credentials.updated_at AS credential_updated_at,
            credentials.last_used_at
            FROM users LEFT JOIN credentials ON credentials.user_id = users.id WHERE users.",
            $key,
            " = ?1 ORDER BY credentials.created_at, credentials.id"
        )
    };
}

pub(crate) async fn find_account(
    executor: &impl Executor,
    name: LoginName,
) -> Result<Option<Account>, StorageError> {
    let (sql, key) = match name {
        LoginName::Email(key) => (find_account!("email_key"), key),
        LoginName::Username(key) => (find_account!("username_key"), key),
        LoginName::Id(id) => (find_account!("id"), id),
    };
    let mut account: Option<Account> = None;
    for mut row in executor
        .query(Statement::new(sql, vec![key.into()]))
        .await?
    {
        let user = user(&mut row)?;
        let user_id = user.id.clone();
        let credentials = &mut account
            .get_or_insert_with(|| Account {
                user,
                credentials: Vec::new(),
            })
            .credentials;
        if let Some(id) = row.next()? {
            credentials.push(Credential {
                id,
                user_id,
                kind: row.next()?,
                secret: row.next()?,
                counter: row.next()?,
                label: row.next()?,
                created_at: row.next()?,
                updated_at: row.next()?,
                last_used_at: row.next()?,
            });
        }
    }
    Ok(account)
}

const REPLACE_SECRET: &str = "UPDATE credentials SET secret = ?3, updated_at = ?4
    WHERE id = ?1 AND secret = ?2 RETURNING 1";

pub(crate) async fn replace_credential_secret(
    executor: &impl Executor,
    credential_id: String,
    expected: String,
    replacement: String,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let parameters = vec![
        credential_id.into(),
        expected.into(),
        replacement.into(),
        now.into(),
    ];
    Ok(!executor
        .execute(Statement::new(REPLACE_SECRET, parameters))
        .await?
        .is_empty())
}

const DELETE_USER: &str = concat!(
    "DELETE FROM users WHERE id = ?1 AND updated_at = ?3 AND NOT (",
    last_holder!("?2"),
    ") RETURNING 1"
);
const UNCHANGED: &str = "SELECT updated_at = ?2 AS unchanged FROM users WHERE id = ?1";

pub(crate) async fn delete_user(
    executor: &impl Executor,
    user_id: String,
    expected_updated_at: Timestamp,
    keeps_holder: Option<String>,
) -> Result<DeleteUserOutcome, StorageError> {
    let delete = vec![
        user_id.as_str().into(),
        keeps_holder.into(),
        expected_updated_at.into(),
    ];
    let batch = vec![
        Statement::new(DELETE_USER, delete),
        Statement::new(UNCHANGED, vec![user_id.into(), expected_updated_at.into()]),
    ];
    let mut results = executor.batch(batch).await?;
    let left = results.pop().unwrap_or_default().pop();
    if results.pop().is_some_and(|deleted| !deleted.is_empty()) {
        return Ok(DeleteUserOutcome::Deleted);
    }
    let Some(mut left) = left else {
        return Ok(DeleteUserOutcome::Unknown);
    };
    Ok(match left.next::<u64>()? {
        0 => DeleteUserOutcome::Conflict,
        _ => DeleteUserOutcome::LastHolder,
    })
}

const ACCEPT_COUNTER: &str = "UPDATE credentials SET counter = ?2, last_used_at = ?3
    WHERE id = ?1 AND (counter IS NULL OR counter < ?2) RETURNING 1";

pub(crate) async fn accept_counter(
    executor: &impl Executor,
    credential_id: String,
    counter: u64,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let parameters = vec![credential_id.into(), counter.into(), now.into()];
    let accepted = executor.execute(Statement::new(ACCEPT_COUNTER, parameters));
    Ok(!accepted.await?.is_empty())
}

const DELETE_CREDENTIAL: &str = "DELETE FROM credentials WHERE id = ?1 RETURNING 1";

pub(crate) async fn delete_credential(
    executor: &impl Executor,
    credential_id: String,
) -> Result<bool, StorageError> {
    let delete = Statement::new(DELETE_CREDENTIAL, vec![credential_id.into()]);
    Ok(!executor.execute(delete).await?.is_empty())
}
