//! Roles and permissions.

use auth_core::Timestamp;
use auth_core::storage::{Permission, Role, StorageError, StoreOutcome};

use crate::executor::{Executor, Statement};
use crate::value::{Names, Row};

const LIST: &str = "SELECT id, name, description, built_in, (SELECT group_concat(name) FROM (
        SELECT permissions.name FROM role_permissions JOIN permissions ON permissions.id = role_permissions.permission_id
        WHERE role_permissions.role_row = roles.row ORDER BY permissions.name)) AS permissions, updated_at
    FROM roles ORDER BY name";

pub(crate) async fn list(executor: &impl Executor) -> Result<Vec<Role>, StorageError> {
    let read = |mut row: Row| {
        Ok(Role {
            id: row.next()?,
            name: row.next()?,
            description: row.next()?,
            built_in: row.next()?,
            permissions: row.next::<Names>()?.0,
            updated_at: row.next()?,
        })
    };
    let rows = executor.query(Statement::new(LIST, vec![])).await?;
    rows.into_iter().map(read).collect()
}

// While it is -1 the row is one that this batch has inserted.
macro_rules! insert {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (id, name, description, built_in, updated_at) VALUES (?1, ?2, ?3, -1, ?4) ON CONFLICT DO NOTHING"
        )
    };
}
macro_rules! settle {
    ($table:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET built_in = 0 WHERE id = ?1 AND built_in = -1 RETURNING 1"
        )
    };
}
/// Whether a row is as the caller has seen it, and its name free; true until the row is updated.
macro_rules! unchanged {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM ",
            $table,
            " AS seen WHERE seen.id = ?1 AND seen.updated_at = ?5 AND (seen.built_in = 1 OR NOT EXISTS (
                SELECT 1 FROM ",
            $table,
            " AS other WHERE other.name = ?2 AND other.id <> ?1)))"
        )
    };
}
macro_rules! update {
    ($table:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET name = CASE WHEN built_in = 1 THEN name ELSE ?2 END, description = ?3, updated_at = ?4 WHERE id = ?1 AND ",
            unchanged!($table),
            " RETURNING 1"
        )
    };
}
// Asked where nothing was stored. 1: another one has the name.
macro_rules! refused {
    ($table:literal) => {
        concat!(
            "SELECT CASE WHEN ?5 IS NULL THEN NOT EXISTS (SELECT 1 FROM ",
            $table,
            " WHERE id = ?1) ELSE EXISTS (SELECT 1 FROM ",
            $table,
            " WHERE id = ?1 AND updated_at = ?5) END AS name_taken"
        )
    };
}
macro_rules! delete {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE id = ?1 AND built_in = 0 RETURNING 1"
        )
    };
}

const CLEAR_PERMISSIONS: &str = concat!(
    "DELETE FROM role_permissions WHERE role_row = (SELECT row FROM roles WHERE id = ?1) AND ",
    unchanged!("roles")
);
const ADD_PERMISSIONS: &str = concat!(
    "INSERT INTO role_permissions (role_row, permission_id) SELECT roles.row, permissions.id FROM roles, json_each(?6)
    JOIN permissions ON permissions.name = json_each.value WHERE roles.id = ?1 AND ",
    unchanged!("roles"),
    " ON CONFLICT DO NOTHING"
);
const FIRST_PERMISSIONS: &str = "INSERT INTO role_permissions (role_row, permission_id)
    SELECT roles.row, permissions.id FROM roles, json_each(?2) JOIN permissions ON permissions.name = json_each.value
    WHERE roles.id = ?1 AND roles.built_in = -1 ON CONFLICT DO NOTHING";

pub(crate) async fn store(
    executor: &impl Executor,
    role: Role,
    expected_updated_at: Option<Timestamp>,
) -> Result<StoreOutcome, StorageError> {
    let permissions = serde_json::Value::from(role.permissions).to_string();
    let row = vec![
        role.id.as_str().into(),
        role.name.into(),
        role.description.into(),
        role.updated_at.into(),
    ];
    let mut expecting = row.clone();
    expecting.push(expected_updated_at.into());
    let batch = if expected_updated_at.is_some() {
        let mut with_permissions = expecting.clone();
        with_permissions.push(permissions.into());
        vec![
            Statement::new(CLEAR_PERMISSIONS, expecting.clone()),
            Statement::new(ADD_PERMISSIONS, with_permissions),
            Statement::new(update!("roles"), expecting.clone()),
            Statement::new(refused!("roles"), expecting),
        ]
    } else {
        vec![
            Statement::new(insert!("roles"), row),
            Statement::new(
                FIRST_PERMISSIONS,
                vec![role.id.as_str().into(), permissions.into()],
            ),
            Statement::new(settle!("roles"), vec![role.id.into()]),
            Statement::new(refused!("roles"), expecting),
        ]
    };
    outcome(executor.batch(batch).await?)
}

/// What the last two statements of a batch say: whether it was stored, and why not.
fn outcome(mut results: Vec<Vec<Row>>) -> Result<StoreOutcome, StorageError> {
    let refused = results.pop().unwrap_or_default();
    let stored = results.pop().unwrap_or_default();
    if !stored.is_empty() {
        return Ok(StoreOutcome::Stored);
    }
    let name_taken = refused.into_iter().next().map(|mut row| row.next());
    Ok(if name_taken.transpose()?.unwrap_or_default() {
        StoreOutcome::NameTaken
    } else {
        StoreOutcome::Conflict
    })
}

pub(crate) async fn delete(
    executor: &impl Executor,
    role_id: String,
) -> Result<bool, StorageError> {
    let delete = Statement::new(delete!("roles"), vec![role_id.into()]);
    Ok(!executor.execute(delete).await?.is_empty())
}

const LIST_PERMISSIONS: &str =
    "SELECT id, name, description, built_in, updated_at FROM permissions ORDER BY name";

pub(crate) async fn list_permissions(
    executor: &impl Executor,
) -> Result<Vec<Permission>, StorageError> {
    let read = |mut row: Row| {
        Ok(Permission {
            id: row.next()?,
            name: row.next()?,
            description: row.next()?,
            built_in: row.next()?,
            updated_at: row.next()?,
        })
    };
    let list = Statement::new(LIST_PERMISSIONS, vec![]);
    executor.query(list).await?.into_iter().map(read).collect()
}

pub(crate) async fn store_permission(
    executor: &impl Executor,
    permission: Permission,
    expected_updated_at: Option<Timestamp>,
) -> Result<StoreOutcome, StorageError> {
    let id = permission.id.clone();
    let row = vec![
        permission.id.into(),
        permission.name.into(),
        permission.description.into(),
        permission.updated_at.into(),
    ];
    let mut expecting = row.clone();
    expecting.push(expected_updated_at.into());
    let mut batch = if expected_updated_at.is_some() {
        vec![Statement::new(update!("permissions"), expecting.clone())]
    } else {
        vec![
            Statement::new(insert!("permissions"), row),
            Statement::new(settle!("permissions"), vec![id.into()]),
        ]
    };
    batch.push(Statement::new(refused!("permissions"), expecting));
    outcome(executor.batch(batch).await?)
}

pub(crate) async fn delete_permission(
    executor: &impl Executor,
    permission_id: String,
) -> Result<bool, StorageError> {
    let delete = Statement::new(delete!("permissions"), vec![permission_id.into()]);
    Ok(!executor.execute(delete).await?.is_empty())
}
