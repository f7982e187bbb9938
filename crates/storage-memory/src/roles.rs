//! Roles and permissions.

use std::collections::BTreeSet;

use gatewright_storage::{
    AuditEvent, Grounds, NewUser, Permission, Role, Roles, Standing, StorageError, StoreOutcome,
    Subject, Timestamp,
};

use crate::state::{MemoryStorage, State};

impl State {
    pub(crate) fn role_ids(&self, names: &[impl AsRef<str>]) -> Vec<String> {
        let is_named = |role: &&Role| names.iter().any(|name| name.as_ref() == role.name);
        let named = self.roles.values().filter(is_named);
        named.map(|role| role.id.clone()).collect()
    }

    pub(crate) fn permission_ids(&self, names: &[impl AsRef<str>]) -> Vec<String> {
        let is_named = |one: &&Permission| names.iter().any(|name| name.as_ref() == one.name);
        let named = self.permissions.values().filter(is_named);
        named.map(|one| one.id.clone()).collect()
    }

    pub(crate) fn permission_names<'a>(
        &self,
        ids: impl Iterator<Item = &'a String>,
    ) -> Vec<String> {
        let names: BTreeSet<_> = ids.map(|id| &self.permissions[id].name).collect();
        names.into_iter().cloned().collect()
    }

    pub(crate) fn standing_of<'a>(&self, held: impl Iterator<Item = &'a Role> + Clone) -> Standing {
        let names: BTreeSet<_> = held.clone().map(|role| role.name.clone()).collect();
        Standing {
            rank: held.clone().map(|role| role.rank).max().unwrap_or(0),
            roles: names.into_iter().collect(),
            permissions: self.permission_names(held.flat_map(|role| &role.permissions)),
        }
    }

    pub(crate) fn standing(&self, subject: &Subject) -> Standing {
        let holds = |user: &NewUser, given: &dyn Fn(&Role) -> bool| {
            user.roles.iter().any(|id| given(&self.roles[id]))
        };
        // The matching roles, and all roles of the users who have one of them.
        let with_holders = |given: &dyn Fn(&Role) -> bool| {
            let holders = self.users.values().filter(|user| holds(user, given));
            let held: BTreeSet<_> = holders.flat_map(|user| &user.roles).collect();
            let roles = self.roles.values();
            let all = roles.filter(|role| given(role) || held.contains(&role.id));
            self.standing_of(all)
        };
        match subject {
            Subject::User(id) => {
                let roles = self.users.get(id).map(|user| &user.roles);
                self.standing_of(roles.into_iter().flatten().map(|id| &self.roles[id]))
            }
            Subject::Role(id) => self.standing_of(self.roles.get(id).into_iter()),
            Subject::RoleHolders(id) => with_holders(&|role| role.id == *id),
            Subject::PermissionHolders(id) => with_holders(&|role| role.permissions.contains(id)),
        }
    }

    /// Returns whether the grounds of a decision are unchanged.
    pub(crate) fn grounds_hold(&self, grounds: Option<&Grounds>) -> bool {
        grounds.is_none_or(|grounds| {
            let is_active = |id: &String| {
                let session = self.sessions.get(id);
                session.is_some_and(|session| {
                    session.revoked_at.is_none() && grounds.now < session.expires_at
                })
            };
            grounds.session.as_ref().is_none_or(is_active)
                && grounds
                    .standings
                    .iter()
                    .all(|seen| self.standing(&seen.subject) == seen.standing)
        })
    }
}

impl Roles for MemoryStorage {
    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError> {
        Ok(self.lock().standing(&subject))
    }

    async fn list_roles(&self) -> Result<Vec<Role>, StorageError> {
        let state = self.lock();
        let roles = state.roles.values().map(|role| Role {
            permissions: state.permission_names(role.permissions.iter()),
            ..role.clone()
        });
        let mut roles: Vec<_> = roles.collect();
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(roles)
    }

    async fn store_role(
        &self,
        mut role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<StoreOutcome, StorageError> {
        let mut state = self.lock();
        let stored = state.roles.get(&role.id);
        if stored.map(|stored| stored.updated_at) != expected_updated_at
            || !state.grounds_hold(grounds.as_ref())
        {
            return Ok(StoreOutcome::Conflict);
        }
        if let Some(stored) = stored {
            role.built_in = stored.built_in;
            if stored.built_in {
                role.name = stored.name.clone();
                role.rank = stored.rank;
            }
        }
        let mut others = state.roles.values().filter(|other| other.id != role.id);
        if others.any(|other| other.name == role.name) {
            return Ok(StoreOutcome::NameTaken);
        }
        role.permissions = state.permission_ids(&role.permissions);
        state.roles.insert(role.id.clone(), role);
        state.append_all(events);
        Ok(StoreOutcome::Stored)
    }

    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        if !state.grounds_hold(grounds.as_ref())
            || state.roles.get(&role_id).is_none_or(|role| role.built_in)
        {
            return Ok(false);
        }
        state.roles.remove(&role_id);
        for user in state.users.values_mut() {
            user.roles.retain(|role| *role != role_id);
        }
        state.append_all(events);
        Ok(true)
    }

    async fn list_permissions(&self) -> Result<Vec<Permission>, StorageError> {
        let mut permissions: Vec<_> = self.lock().permissions.values().cloned().collect();
        permissions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(permissions)
    }

    async fn store_permission(
        &self,
        mut permission: Permission,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<StoreOutcome, StorageError> {
        let mut state = self.lock();
        if !state.grounds_hold(grounds.as_ref()) {
            return Ok(StoreOutcome::Conflict);
        }
        let permissions = &mut state.permissions;
        let stored = permissions.get(&permission.id);
        if stored.map(|stored| stored.updated_at) != expected_updated_at {
            return Ok(StoreOutcome::Conflict);
        }
        if let Some(stored) = stored {
            permission.built_in = stored.built_in;
            if stored.built_in {
                permission.name = stored.name.clone();
            }
        }
        let mut others = permissions
            .values()
            .filter(|other| other.id != permission.id);
        if others.any(|other| other.name == permission.name) {
            return Ok(StoreOutcome::NameTaken);
        }
        permissions.insert(permission.id.clone(), permission);
        state.append_all(events);
        Ok(StoreOutcome::Stored)
    }

    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let stored = state.permissions.get(&permission_id);
        if !state.grounds_hold(grounds.as_ref())
            || stored.is_none_or(|permission| permission.built_in)
        {
            return Ok(false);
        }
        state.permissions.remove(&permission_id);
        for role in state.roles.values_mut() {
            role.permissions.retain(|held| *held != permission_id);
        }
        state.append_all(events);
        Ok(true)
    }
}
