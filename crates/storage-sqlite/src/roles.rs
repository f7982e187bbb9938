//! Roles and permissions.

use gatewright_storage::{
    AuditEvent, Grounds, Permission, Role, Roles, Standing, StorageError, StoreOutcome, Subject,
    Timestamp,
};
use gatewright_storage_sql::subject::named;

use crate::audit::{FORGET_DECISION, IF_DECIDED, append_with};
use crate::executor::{Executor, Statement};
use crate::grounds::{self, grounds_hold, held, permissions_held, rank_held, roles_held};
use crate::storage::SqliteStorage;
use crate::value::{Names, Row};

const FIND_STANDING: &str = concat!(
    "WITH ",
    held!("?1", "?2"),
    " SELECT ",
    rank_held!(),
    " AS rank, ",
    roles_held!(),
    " AS roles, ",
    permissions_held!(),
    " AS permissions"
);

const LIST: &str = "SELECT id, name, description, built_in, rank, (SELECT group_concat(name) FROM (
        SELECT permissions.name FROM role_permissions JOIN permissions ON permissions.id = role_permissions.permission_id
        WHERE role_permissions.role_row = roles.row ORDER BY permissions.name)) AS permissions, updated_at
    FROM roles ORDER BY name";

// The first writing statement of a batch decides whether the batch stores anything. It leaves a mark with the
// identifier until the end of the batch, because the later statements change the data that the decision depends on.
// `?1` is the identifier, `?2` the name, `?3` the description, `?4` the time of the change, `?5` the expected
// `updated_at` or null, `?6` the grounds.

/// Whether another row has the name. A built-in row keeps its own name.
macro_rules! name_taken {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM ",
            $table,
            " AS other WHERE other.name = ?2 AND other.id <> ?1) AND NOT EXISTS (SELECT 1 FROM ",
            $table,
            " AS this WHERE this.id = ?1 AND this.built_in = 1)"
        )
    };
}
/// Whether the row and the grounds of the decision are unchanged since the caller read them.
macro_rules! as_seen {
    ($table:literal) => {
        concat!(
            "(SELECT max(updated_at) FROM ",
            $table,
            " WHERE id = ?1) IS ?5 AND ",
            grounds_hold!("?6")
        )
    };
}
macro_rules! decide {
    ($table:literal) => {
        concat!(
            "INSERT INTO decisions (id) SELECT ?1 WHERE ",
            as_seen!($table),
            " AND NOT (",
            name_taken!($table),
            ")"
        )
    };
}
/// The reason why nothing is stored, read before anything is stored. 1 means that another row has the name.
macro_rules! refused {
    ($table:literal) => {
        concat!(
            "SELECT ",
            as_seen!($table),
            " AND ",
            name_taken!($table),
            " AS name_taken"
        )
    };
}
macro_rules! decided {
    () => {
        "EXISTS (SELECT 1 FROM decisions WHERE decisions.id = ?1)"
    };
}
macro_rules! decide_deletion {
    ($table:literal) => {
        concat!(
            "INSERT INTO decisions (id) SELECT id FROM ",
            $table,
            " WHERE id = ?1 AND built_in = 0 AND ",
            grounds_hold!("?2")
        )
    };
}
macro_rules! delete {
    ($table:literal) => {
        concat!("DELETE FROM ", $table, " WHERE id = ?1 AND ", decided!())
    };
}
/// Creates the batch that deletes a role or a permission. Its last statement returns a row if it does.
macro_rules! deletion {
    ($table:literal, $id:ident, $grounds:ident, $events:ident) => {{
        let id = || $id.as_str().into();
        let decide = vec![id(), grounds::parameter($grounds)];
        let mut batch = vec![Statement::new(decide_deletion!($table), decide)];
        batch.extend(append_with(IF_DECIDED, $events, &[&$id]));
        batch.push(Statement::new(delete!($table), vec![id()]));
        batch.push(Statement::new(FORGET_DECISION, vec![id()]));
        batch
    }};
}

const INSERT: &str = concat!(
    "INSERT INTO roles (id, name, description, updated_at, rank, built_in) SELECT ?1, ?2, ?3, ?4, ?5, 0 WHERE ",
    decided!()
);
const UPDATE: &str = concat!(
    "UPDATE roles SET name = CASE WHEN built_in = 1 THEN name ELSE ?2 END, description = ?3, updated_at = ?4,
        rank = CASE WHEN built_in = 1 THEN rank ELSE ?5 END WHERE id = ?1 AND ",
    decided!()
);
const CLEAR_PERMISSIONS: &str = concat!(
    "DELETE FROM role_permissions WHERE role_row = (SELECT row FROM roles WHERE id = ?1) AND ",
    decided!()
);
const ADD_PERMISSIONS: &str = concat!(
    "INSERT INTO role_permissions (role_row, permission_id) SELECT roles.row, permissions.id FROM roles, json_each(?2)
    JOIN permissions ON permissions.name = json_each.value WHERE roles.id = ?1 AND ",
    decided!(),
    " ON CONFLICT DO NOTHING"
);

/// Returns the outcome of a batch. Its first statement returns the reason for a refusal, its last one whether it
/// stored.
fn outcome(mut results: Vec<Vec<Row>>) -> Result<StoreOutcome, StorageError> {
    let stored = results.pop().unwrap_or_default();
    if !stored.is_empty() {
        return Ok(StoreOutcome::Stored);
    }
    let refused = results.into_iter().next().unwrap_or_default();
    let name_taken = refused.into_iter().next().map(|mut row| row.next());
    Ok(if name_taken.transpose()?.unwrap_or_default() {
        StoreOutcome::NameTaken
    } else {
        StoreOutcome::Conflict
    })
}

const LIST_PERMISSIONS: &str =
    "SELECT id, name, description, built_in, updated_at FROM permissions ORDER BY name";

const INSERT_PERMISSION: &str = concat!(
    "INSERT INTO permissions (id, name, description, updated_at, built_in) SELECT ?1, ?2, ?3, ?4, 0 WHERE ",
    decided!()
);
const UPDATE_PERMISSION: &str = concat!(
    "UPDATE permissions SET name = CASE WHEN built_in = 1 THEN name ELSE ?2 END, description = ?3, updated_at = ?4
    WHERE id = ?1 AND ",
    decided!()
);

impl<E: Executor> Roles for SqliteStorage<E> {
    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError> {
        let (kind, id) = named(&subject);
        let find = Statement::new(FIND_STANDING, vec![kind.into(), id.into()]);
        let row = self.executor().query(find).await?.into_iter().next();
        let mut row =
            row.ok_or_else(|| StorageError::Invalid("a standing returned no row".into()))?;
        Ok(Standing {
            rank: row.next()?,
            roles: row.next::<Names>()?.0,
            permissions: row.next::<Names>()?.0,
        })
    }

    async fn list_roles(&self) -> Result<Vec<Role>, StorageError> {
        let read = |mut row: Row| {
            Ok(Role {
                id: row.next()?,
                name: row.next()?,
                description: row.next()?,
                built_in: row.next()?,
                rank: row.next()?,
                permissions: row.next::<Names>()?.0,
                updated_at: row.next()?,
            })
        };
        let rows = self.executor().query(Statement::new(LIST, vec![])).await?;
        rows.into_iter().map(read).collect()
    }

    async fn store_role(
        &self,
        role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<StoreOutcome, StorageError> {
        let permissions = serde_json::Value::from(role.permissions).to_string();
        let id = || role.id.as_str().into();
        let mut row = vec![
            id(),
            role.name.into(),
            role.description.into(),
            role.updated_at.into(),
        ];
        let mut decide = row.clone();
        decide.extend([expected_updated_at.into(), grounds::parameter(grounds)]);
        row.push(role.rank.into());
        let change = match expected_updated_at {
            Some(_) => UPDATE,
            None => INSERT,
        };
        let mut batch = vec![
            Statement::new(refused!("roles"), decide.clone()),
            Statement::new(decide!("roles"), decide),
            Statement::new(change, row),
            Statement::new(CLEAR_PERMISSIONS, vec![id()]),
            Statement::new(ADD_PERMISSIONS, vec![id(), permissions.into()]),
        ];
        batch.extend(append_with(IF_DECIDED, events, &[&role.id]));
        batch.push(Statement::new(FORGET_DECISION, vec![id()]));
        outcome(self.executor().batch(batch).await?)
    }

    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let batch = deletion!("roles", role_id, grounds, events);
        let mut results = self.executor().batch(batch).await?;
        Ok(results.pop().is_some_and(|deleted| !deleted.is_empty()))
    }

    async fn list_permissions(&self) -> Result<Vec<Permission>, StorageError> {
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
        self.executor()
            .query(list)
            .await?
            .into_iter()
            .map(read)
            .collect()
    }

    async fn store_permission(
        &self,
        permission: Permission,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<StoreOutcome, StorageError> {
        let id = permission.id.clone();
        let row = vec![
            permission.id.into(),
            permission.name.into(),
            permission.description.into(),
            permission.updated_at.into(),
        ];
        let mut decide = row.clone();
        decide.extend([expected_updated_at.into(), grounds::parameter(grounds)]);
        let change = match expected_updated_at {
            Some(_) => UPDATE_PERMISSION,
            None => INSERT_PERMISSION,
        };
        let mut batch = vec![
            Statement::new(refused!("permissions"), decide.clone()),
            Statement::new(decide!("permissions"), decide),
            Statement::new(change, row),
        ];
        batch.extend(append_with(IF_DECIDED, events, &[&id]));
        batch.push(Statement::new(FORGET_DECISION, vec![id.into()]));
        outcome(self.executor().batch(batch).await?)
    }

    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let batch = deletion!("permissions", permission_id, grounds, events);
        let mut results = self.executor().batch(batch).await?;
        Ok(results.pop().is_some_and(|deleted| !deleted.is_empty()))
    }
}
