//! Queries for one user, by login name or by identifier.

use gatewright_storage::{Account, Credential, LoginName, StorageError, UserDetails};

use crate::columns::{user, user_columns};
use crate::executor::{Executor, Statement};
use crate::value::{Names, Row};

macro_rules! find_account {
    ($key:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            ", credentials.id AS credential_id, credentials.kind, credentials.secret, credentials.counter, credentials.label,
            credentials.created_at AS credential_created_at, credentials.updated_at AS credential_updated_at,
            credentials.last_used_at
            FROM users LEFT JOIN credentials ON credentials.user_row = users.row WHERE users.",
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

/// The columns that [`member`] reads.
macro_rules! member_columns {
    () => {
        concat!(
            crate::columns::user_columns!(),
            ", (SELECT json_group_array(json_array(id, kind, secret, counter, label, created_at, updated_at, last_used_at))
                FROM (SELECT * FROM credentials WHERE user_row = users.row ORDER BY created_at, id)) AS credentials, ",
            crate::columns::access_columns!()
        )
    };
}

pub(crate) use member_columns;

const FIND: &str = concat!("SELECT ", member_columns!(), " FROM users WHERE id = ?1");

pub(crate) async fn find_user(
    executor: &impl Executor,
    user_id: String,
) -> Result<Option<UserDetails>, StorageError> {
    let rows = executor
        .query(Statement::new(FIND, vec![user_id.into()]))
        .await?;
    rows.into_iter()
        .next()
        .map(|mut row| member(&mut row))
        .transpose()
}

/// The fields of a credential that `member_columns!` writes.
type Listed = (
    String,
    String,
    String,
    Option<u64>,
    Option<String>,
    u64,
    u64,
    Option<u64>,
);

/// Reads the columns of `member_columns!`.
pub(crate) fn member(row: &mut Row) -> Result<UserDetails, StorageError> {
    let user = user(row)?;
    let credentials: String = row.next()?;
    let unreadable = |error: serde_json::Error| {
        StorageError::Invalid(format!("a user's credentials are unreadable: {error}"))
    };
    #[allow(clippy::disallowed_methods, reason = "SQLite creates this list")]
    let listed: Vec<Listed> = serde_json::from_str(&credentials).map_err(unreadable)?;
    let time = gatewright_storage::Timestamp::from_millis;
    let credentials = listed
        .into_iter()
        .map(
            |(id, kind, secret, counter, label, created_at, updated_at, last_used_at)| Credential {
                id,
                user_id: user.id.clone(),
                kind,
                secret,
                counter,
                label,
                created_at: time(created_at),
                updated_at: time(updated_at),
                last_used_at: last_used_at.map(time),
            },
        )
        .collect();
    Ok(UserDetails {
        account: Account { user, credentials },
        roles: row.next::<Names>()?.0,
        permissions: row.next::<Names>()?.0,
        rank: row.next()?,
    })
}
