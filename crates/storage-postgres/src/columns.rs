//! Columns that several nouns share.

use gatewright_storage::{Standing, StorageError, User};
use gatewright_storage_sql::lists;

use crate::value::Row;

/// The columns that [`user`] reads.
macro_rules! user_columns {
    () => {
        "users.id, users.email, users.email_verified_at, users.email_proved_at, users.username, users.display_name,
        users.profile, users.disabled_at, users.locked_until, users.created_at, users.updated_at, users.last_login_at"
    };
}
pub(crate) use user_columns;

/// Reads the columns of `user_columns!`.
pub(crate) fn user(row: &mut Row) -> Result<User, StorageError> {
    Ok(User {
        id: row.next()?,
        email: row.next()?,
        email_verified_at: row.next()?,
        email_proved_at: row.next()?,
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

/// The roles of the selected user as JSON, each with its rank and permissions, as [`lists::standing`] reads them. One
/// subquery, because each table of a statement costs time even if it has no rows.
macro_rules! roles_of_user {
    () => {
        "(SELECT coalesce(json_agg(json_build_array(roles.name, roles.rank, ARRAY(SELECT permissions.name
                FROM role_permissions JOIN permissions ON permissions.id = role_permissions.permission_id
                WHERE role_permissions.role_id = roles.id))), '[]')
            FROM user_roles JOIN roles ON roles.id = user_roles.role_id WHERE user_roles.user_id = users.id)"
    };
}
/// The column that [`standing`] reads.
macro_rules! standing_column {
    () => {
        concat!(crate::columns::roles_of_user!(), "::text AS standing")
    };
}
pub(crate) use {roles_of_user, standing_column};

/// Reads the column of `standing_column!`.
pub(crate) fn standing(row: &mut Row) -> Result<Standing, StorageError> {
    lists::standing(&row.next::<String>()?)
}

/// Reads rows of one identifier each.
pub(crate) fn ids(rows: Vec<Row>) -> Result<Vec<String>, StorageError> {
    rows.into_iter().map(|mut row| row.next()).collect()
}
