//! Columns that several nouns share.

use gatewright_storage::{StorageError, User};

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

/// Names of the roles of the selected user and of their permissions, and the highest rank.
macro_rules! roles_of_user {
    () => {
        "ARRAY(SELECT roles.name FROM user_roles JOIN roles ON roles.id = user_roles.role_id
            WHERE user_roles.user_id = users.id ORDER BY roles.name)"
    };
}
macro_rules! permissions_of_user {
    () => {
        "ARRAY(SELECT DISTINCT permissions.name FROM user_roles
            JOIN role_permissions ON role_permissions.role_id = user_roles.role_id
            JOIN permissions ON permissions.id = role_permissions.permission_id
            WHERE user_roles.user_id = users.id ORDER BY permissions.name)"
    };
}
macro_rules! rank_of_user {
    () => {
        "(SELECT coalesce(max(roles.rank), 0) FROM user_roles JOIN roles ON roles.id = user_roles.role_id
            WHERE user_roles.user_id = users.id)"
    };
}
macro_rules! access_columns {
    () => {
        concat!(
            crate::columns::roles_of_user!(),
            " AS roles, ",
            crate::columns::permissions_of_user!(),
            " AS permissions, ",
            crate::columns::rank_of_user!(),
            " AS rank"
        )
    };
}
pub(crate) use {access_columns, permissions_of_user, rank_of_user, roles_of_user};

/// Reads rows of one identifier each.
pub(crate) fn ids(rows: Vec<Row>) -> Result<Vec<String>, StorageError> {
    rows.into_iter().map(|mut row| row.next()).collect()
}
