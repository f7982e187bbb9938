//! Users and their credentials.

use auth_core::Timestamp;
use auth_core::storage::{
    Account, CreateUserOutcome, Credential, LoginName, NewUser, StorageError, User,
};

use crate::executor::{Executor, Statement};
use crate::value::Row;

// Inserted unless a unique key is taken; what follows is done only where this row is there.
const INSERT_USER: &str =
    "INSERT INTO users (id, email, email_key, email_verified_at, username, username_key,
        display_name, profile, disabled_at, created_at, updated_at, last_login_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT DO NOTHING";
// Of a change of the user, or of none.
const INSERT_CREDENTIAL: &str =
    "INSERT INTO credentials (id, user_id, kind, secret, counter, label, created_at, updated_at, last_used_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM users WHERE id = ?2 AND change_id IS ?10";
const INSERT_ROLE: &str = "INSERT INTO user_roles (user_id, role_id)
    SELECT users.id, roles.id FROM users, roles WHERE users.id = ?1 AND roles.name = ?2
    ON CONFLICT DO NOTHING";
// 0: created, 1: the address is taken, 2: the name is taken.
const CREATE_OUTCOME: &str = "SELECT CASE
    WHEN EXISTS (SELECT 1 FROM users WHERE id = ?1) THEN 0
    WHEN EXISTS (SELECT 1 FROM users WHERE email_key = ?2) THEN 1
    WHEN EXISTS (SELECT 1 FROM users WHERE username_key = ?3) THEN 2
    END AS outcome";

pub(crate) async fn create_user(
    executor: &impl Executor,
    new: NewUser,
) -> Result<CreateUserOutcome, StorageError> {
    let NewUser {
        user,
        email_key,
        username_key,
        credentials,
        roles,
    } = new;
    let id = user.id.clone();
    let mut batch = vec![Statement::new(
        INSERT_USER,
        vec![
            user.id.into(),
            user.email.into(),
            email_key.clone().into(),
            user.email_verified_at.into(),
            user.username.into(),
            username_key.clone().into(),
            user.display_name.into(),
            user.profile.into(),
            user.disabled_at.into(),
            user.created_at.into(),
            user.updated_at.into(),
            user.last_login_at.into(),
        ],
    )];
    batch.extend(
        credentials
            .into_iter()
            .map(|credential| insert_credential(credential, None)),
    );
    batch.extend(
        roles
            .into_iter()
            .map(|role| Statement::new(INSERT_ROLE, vec![id.as_str().into(), role.into()])),
    );
    batch.push(Statement::new(
        CREATE_OUTCOME,
        vec![id.into(), email_key.into(), username_key.into()],
    ));
    let outcome = executor
        .batch(batch)
        .await?
        .pop()
        .and_then(|rows| rows.into_iter().next());
    match outcome.map(|mut row| row.next::<u64>()).transpose()? {
        Some(0) => Ok(CreateUserOutcome::Created),
        Some(1) => Ok(CreateUserOutcome::EmailTaken),
        Some(2) => Ok(CreateUserOutcome::UsernameTaken),
        _ => Err(StorageError::Invalid(
            "a user was neither created nor in conflict".into(),
        )),
    }
}

/// Stores a credential of a user who was just created, or changed by this change.
pub(crate) fn insert_credential(credential: Credential, change_id: Option<&str>) -> Statement {
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
        users.disabled_at, users.created_at, users.updated_at, users.last_login_at"
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

const DELETE_USER: &str = "DELETE FROM users WHERE id = ?1 RETURNING 1";

pub(crate) async fn delete_user(
    executor: &impl Executor,
    user_id: String,
) -> Result<bool, StorageError> {
    let delete = Statement::new(DELETE_USER, vec![user_id.into()]);
    Ok(!executor.execute(delete).await?.is_empty())
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
