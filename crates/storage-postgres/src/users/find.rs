//! Queries for one user, by login name or by identifier.

use gatewright_storage::{
    Account, Credential, IdentifiedAccount, LoginName, Standing, StorageError, UserDetails,
};
use gatewright_storage_sql::lists;

use crate::columns::{standing, user, user_columns};
use crate::database::Database;
use crate::executor::{Executor, Statement};
use crate::identities::{identity, identity_columns};
use crate::value::Row;

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
            " = $1 ORDER BY credentials.created_at, credentials.id"
        )
    };
}

pub(crate) async fn find_account(
    database: &Database<impl Executor>,
    name: LoginName,
) -> Result<Option<Account>, StorageError> {
    let (sql, key) = match name {
        LoginName::Email(key) => (find_account!("email_key"), key),
        LoginName::Username(key) => (find_account!("username_key"), key),
        LoginName::Id(id) => (find_account!("id"), id),
    };
    let mut account: Option<Account> = None;
    for mut row in database
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

/// The columns that [`account`] reads.
macro_rules! account_columns {
    () => {
        concat!(
            crate::columns::user_columns!(),
            ", (SELECT coalesce(json_agg(json_build_array(id, kind, secret, counter, label, created_at, updated_at, last_used_at)
                ORDER BY created_at, id), '[]')::text FROM credentials WHERE user_id = users.id) AS credentials"
        )
    };
}
/// The columns that [`member`] reads.
macro_rules! member_columns {
    () => {
        concat!(
            crate::users::find::account_columns!(),
            ", (SELECT coalesce(json_agg(json_build_array(issuer, subject, provider, email, label, created_at, last_used_at)
                ORDER BY created_at, issuer, subject), '[]')::text FROM identities WHERE user_id = users.id) AS identities, ",
            crate::columns::standing_column!()
        )
    };
}

pub(crate) use account_columns;

const FIND_IDENTITY: &str = concat!(
    "SELECT ",
    account_columns!(),
    ", ",
    identity_columns!(),
    " FROM identities JOIN users ON users.id = identities.user_id
        WHERE identities.issuer = $1 AND identities.subject = $2"
);

pub(crate) async fn find_identity(
    database: &Database<impl Executor>,
    issuer: String,
    subject: String,
) -> Result<Option<IdentifiedAccount>, StorageError> {
    let find = Statement::new(FIND_IDENTITY, vec![issuer.into(), subject.into()]);
    let read = |mut row: Row| {
        let account = account(&mut row)?;
        let identity = identity(&mut row, account.user.id.clone())?;
        Ok(IdentifiedAccount { account, identity })
    };
    let rows = database.query(find).await?;
    rows.into_iter().next().map(read).transpose()
}

// The subquery keeps the server from planning the statement again for each list.
const FIND: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM users WHERE id = ANY ((SELECT $1::text[])::text[])"
);

pub(crate) async fn find_user(
    database: &Database<impl Executor>,
    user_id: String,
) -> Result<Option<UserDetails>, StorageError> {
    Ok(find_users(database, vec![user_id]).await?.pop())
}

/// Returns those of the users who exist, in any order.
pub(crate) async fn find_users(
    database: &Database<impl Executor>,
    ids: Vec<String>,
) -> Result<Vec<UserDetails>, StorageError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let find = Statement::new(FIND, vec![ids.into()]);
    let rows = database.query(find).await?;
    rows.into_iter().map(|mut row| member(&mut row)).collect()
}

/// Reads the columns of `account_columns!`.
fn account(row: &mut Row) -> Result<Account, StorageError> {
    let user = user(row)?;
    let text: String = row.next()?;
    let credentials = lists::credentials(&text, &user.id)?;
    Ok(Account { user, credentials })
}

/// Reads the columns of `member_columns!`.
fn member(row: &mut Row) -> Result<UserDetails, StorageError> {
    let account = account(row)?;
    let text: String = row.next()?;
    let identities = lists::identities(&text, &account.user.id)?;
    let Standing {
        rank,
        roles,
        permissions,
    } = standing(row)?;
    Ok(UserDetails {
        account,
        identities,
        roles,
        permissions,
        rank,
    })
}
