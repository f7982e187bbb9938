//! Roles and permissions.

use gatewright_storage::{
    AuditEvent, Grounds, Permission, Role, Roles, Standing, StorageError, StoreOutcome, Subject,
    Timestamp,
};
use gatewright_storage_sql::subject::named;

use crate::audit::{FORGET_DECISION, IF_DECIDED, append_with};
use crate::executor::{Executor, Statement};
use crate::grounds::{self, grounds_hold, held, permissions_held, rank_held, roles_held};
use crate::guards::lock_decisions;
use crate::storage::PostgresStorage;
use crate::value::Row;

const FIND_STANDING: &str = concat!(
    "WITH ",
    held!("$1::text", "$2::text"),
    " SELECT ",
    rank_held!(),
    " AS rank, ",
    roles_held!(),
    " AS roles, ",
    permissions_held!(),
    " AS permissions"
);

const LIST: &str = "SELECT id, name, description, built_in, rank, ARRAY(
        SELECT permissions.name FROM role_permissions JOIN permissions ON permissions.id = role_permissions.permission_id
        WHERE role_permissions.role_id = roles.id ORDER BY permissions.name) AS permissions, updated_at
    FROM roles ORDER BY name";

// The first writing statement of a batch decides whether the batch stores anything. It leaves a mark with the
// identifier until the end of the batch, because the later statements change the data that the decision depends on.
// `$1` is the identifier, `$2` the name, `$3` the description, `$4` the time of the change, `$5` the expected
// `updated_at` or null, `$6` the grounds.

/// Whether another row has the name. A built-in row keeps its own name.
macro_rules! name_taken {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM ",
            $table,
            " AS other WHERE other.name = $2 AND other.id <> $1) AND NOT EXISTS (SELECT 1 FROM ",
            $table,
            " AS this WHERE this.id = $1 AND this.built_in)"
        )
    };
}
/// Whether the row and the grounds of the decision are unchanged since the caller read them.
macro_rules! as_seen {
    ($table:literal) => {
        concat!(
            "(SELECT max(updated_at) FROM ",
            $table,
            " WHERE id = $1) IS NOT DISTINCT FROM $5::bigint AND ",
            grounds_hold!("$6")
        )
    };
}
macro_rules! decide {
    ($table:literal) => {
        concat!(
            "INSERT INTO decisions (id) SELECT $1 WHERE $3::text IS NOT NULL AND $4::bigint IS NOT NULL AND ",
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
            "SELECT $3::text IS NOT NULL AND $4::bigint IS NOT NULL AND ",
            as_seen!($table),
            " AND ",
            name_taken!($table),
            " AS name_taken"
        )
    };
}
macro_rules! decided {
    () => {
        "EXISTS (SELECT 1 FROM decisions WHERE decisions.id = $1)"
    };
}
macro_rules! decide_deletion {
    ($table:literal) => {
        concat!(
            "INSERT INTO decisions (id) SELECT id FROM ",
            $table,
            " WHERE id = $1 AND NOT built_in AND ",
            grounds_hold!("$2")
        )
    };
}
macro_rules! delete {
    ($table:literal) => {
        concat!("DELETE FROM ", $table, " WHERE id = $1 AND ", decided!())
    };
}
/// Creates the batch that deletes a role or a permission. Its last statement returns a row if it does.
macro_rules! deletion {
    ($table:literal, $id:ident, $grounds:ident, $events:ident) => {{
        let id = || $id.as_str().into();
        let decide = vec![id(), grounds::parameter($grounds)];
        let mut batch = vec![
            lock_decisions(),
            Statement::new(decide_deletion!($table), decide),
        ];
        batch.extend(append_with(IF_DECIDED, $events, &[&$id]));
        batch.push(Statement::new(delete!($table), vec![id()]));
        batch.push(Statement::new(FORGET_DECISION, vec![id()]));
        batch
    }};
}

// After the role, whose key a transaction that gives it can lock until then, so that its row is seen.
const WITHDRAW: &str = concat!("DELETE FROM user_roles WHERE role_id = $1 AND ", decided!());
const INSERT: &str = concat!(
    "INSERT INTO roles (id, name, description, updated_at, rank, built_in) SELECT $1, $2, $3, $4, $5, false WHERE ",
    decided!()
);
const UPDATE: &str = concat!(
    "UPDATE roles SET name = CASE WHEN built_in THEN name ELSE $2 END, description = $3, updated_at = $4,
        rank = CASE WHEN built_in THEN rank ELSE $5 END WHERE id = $1 AND ",
    decided!()
);
const CLEAR_PERMISSIONS: &str = concat!(
    "DELETE FROM role_permissions WHERE role_id = (SELECT id FROM roles WHERE id = $1) AND ",
    decided!()
);
const ADD_PERMISSIONS: &str = concat!(
    "INSERT INTO role_permissions (role_id, permission_id) SELECT roles.id, permissions.id FROM roles
    JOIN permissions ON permissions.name = ANY ($2::text[]) WHERE roles.id = $1 AND ",
    decided!(),
    " ON CONFLICT DO NOTHING"
);

/// Returns the outcome of a batch. Its second statement returns the reason for a refusal, its last one whether it
/// stored.
fn outcome(mut results: Vec<Vec<Row>>) -> Result<StoreOutcome, StorageError> {
    let stored = results.pop().unwrap_or_default();
    if !stored.is_empty() {
        return Ok(StoreOutcome::Stored);
    }
    let refused = results.into_iter().nth(1).unwrap_or_default();
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
    "INSERT INTO permissions (id, name, description, updated_at, built_in) SELECT $1, $2, $3, $4, false WHERE ",
    decided!()
);
const UPDATE_PERMISSION: &str = concat!(
    "UPDATE permissions SET name = CASE WHEN built_in THEN name ELSE $2 END, description = $3, updated_at = $4
    WHERE id = $1 AND ",
    decided!()
);

impl<E: Executor> Roles for PostgresStorage<E> {
    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError> {
        let (kind, id) = named(&subject);
        let find = Statement::new(FIND_STANDING, vec![kind.into(), id.into()]);
        let row = self.database().query(find).await?.into_iter().next();
        let mut row =
            row.ok_or_else(|| StorageError::Invalid("a standing returned no row".into()))?;
        Ok(Standing {
            rank: row.next()?,
            roles: row.next()?,
            permissions: row.next()?,
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
                permissions: row.next()?,
                updated_at: row.next()?,
            })
        };
        let rows = self.database().query(Statement::new(LIST, vec![])).await?;
        rows.into_iter().map(read).collect()
    }

    async fn store_role(
        &self,
        role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<StoreOutcome, StorageError> {
        let permissions = role.permissions;
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
            lock_decisions(),
            Statement::new(refused!("roles"), decide.clone()),
            Statement::new(decide!("roles"), decide),
            Statement::new(change, row),
            Statement::new(CLEAR_PERMISSIONS, vec![id()]),
            Statement::new(ADD_PERMISSIONS, vec![id(), permissions.into()]),
        ];
        batch.extend(append_with(IF_DECIDED, events, &[&role.id]));
        batch.push(Statement::new(FORGET_DECISION, vec![id()]));
        outcome(self.database().batch(batch).await?)
    }

    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let mut batch = deletion!("roles", role_id, grounds, events);
        let withdraw = Statement::new(WITHDRAW, vec![role_id.as_str().into()]);
        batch.insert(batch.len() - 1, withdraw);
        let mut results = self.database().batch(batch).await?;
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
        self.database()
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
            lock_decisions(),
            Statement::new(refused!("permissions"), decide.clone()),
            Statement::new(decide!("permissions"), decide),
            Statement::new(change, row),
        ];
        batch.extend(append_with(IF_DECIDED, events, &[&id]));
        batch.push(Statement::new(FORGET_DECISION, vec![id.into()]));
        outcome(self.database().batch(batch).await?)
    }

    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let batch = deletion!("permissions", permission_id, grounds, events);
        let mut results = self.database().batch(batch).await?;
        Ok(results.pop().is_some_and(|deleted| !deleted.is_empty()))
    }
}
