//! Roles and permissions, and questions about them.

use crate::access::{
    HIGHEST_RANK, Holder, Question, STAFF_RANK, SUPERADMIN, covers, is_permission_name,
    is_role_name,
};
use crate::administration::Actor;
use crate::audit::{Event, EventKind};
use crate::auth::Auth;
use crate::change::{TRIES, later};
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::identifier::new_id;
use crate::platform::Platform;
use crate::storage::{Permission, Role, Roles as _, SeenStanding, StoreOutcome, Subject};

/// Most characters of a description.
const DESCRIPTION_MAX: usize = 500;
/// Most permissions of a role, and most roles of a new user.
const NAMES_MAX: usize = 500;

/// What changes of a role; none stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct RoleUpdate<'a> {
    /// Another name.
    pub name: Option<&'a str>,
    /// What it is for.
    pub description: Option<&'a str>,
    /// How high its holders stand, below the actor.
    pub rank: Option<u64>,
    /// Names of the permissions that it holds.
    pub permissions: Option<&'a [String]>,
}

impl<P: Platform> Auth<P> {
    /// All roles, by name.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn roles(&self) -> Result<Vec<Role>> {
        Ok(self.platform.storage().list_roles().await?)
    }

    /// A role by its identifier or name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn role(&self, id_or_name: &str) -> Result<Role> {
        let roles = self.roles().await?;
        let by_id = roles.iter().find(|role| role.id == id_or_name);
        by_id
            .or_else(|| roles.iter().find(|role| role.name == id_or_name))
            .cloned()
            .ok_or(Error::NotFound("role"))
    }

    /// The roles of these names.
    pub(crate) async fn roles_of_names(&self, names: &[String]) -> Result<Vec<Role>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let roles = self.roles().await?;
        let find = |name: &String| {
            let found = roles.iter().find(|role| role.name == *name);
            found.cloned().ok_or_else(|| unknown("roles", name))
        };
        let found: Vec<_> = names.iter().take(NAMES_MAX).map(find).collect();
        all_or_broken(found)
    }

    /// Creates a role. Without a rank it gets [`STAFF_RANK`] if it holds a permission of the administration, else 0, but
    /// always one below the actor's.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`], or a failure of the platform.
    pub async fn create_role(
        &self,
        actor: &Actor,
        name: &str,
        description: &str,
        rank: Option<u64>,
        permissions: &[String],
    ) -> Result<Role> {
        let permissions = self.names_of_permissions(permissions).await?;
        let description = description.trim().to_owned();
        check_name(name, is_role_name(name), &description)?;
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let rank = match rank {
                Some(rank) => check_rank(rank)?,
                None => {
                    let below = acting.holder().rank.saturating_sub(1);
                    self.usual_rank(&permissions).await?.min(below)
                }
            };
            let role = Role {
                id: new_id(&self.platform),
                name: name.to_owned(),
                description: description.clone(),
                built_in: false,
                rank,
                permissions: permissions.clone(),
                updated_at: self.platform.now(),
            };
            acting.may_grant(&role)?;
            let grounds = Some(self.grounds(&acting, []));
            let storage = self.platform.storage();
            match storage.store_role(role.clone(), None, grounds).await? {
                StoreOutcome::Stored => {}
                StoreOutcome::NameTaken => return Err(Error::NameTaken),
                StoreOutcome::Conflict => {
                    acting = self.renewed(&acting).await?;
                    continue;
                }
            }
            let event = actor.event(EventKind::RoleCreated).on("role", &role.id);
            self.record(told(event, &role), actor.client());
            return Ok(role);
        }
        Err(role_always_changing())
    }

    /// The rank of a new role that is given none.
    async fn usual_rank(&self, permissions: &[String]) -> Result<u64> {
        if permissions.is_empty() {
            return Ok(0);
        }
        let known = self.permissions().await?;
        let own = known.iter().filter(|permission| permission.built_in);
        let administers = own
            .map(|own| &own.name)
            .any(|own| permissions.iter().any(|held| covers(held, own)));
        Ok(if administers { STAFF_RANK } else { 0 })
    }

    /// Changes a role, which is to administer all who have it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`],
    /// [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn update_role(
        &self,
        actor: &Actor,
        id_or_name: &str,
        update: RoleUpdate<'_>,
    ) -> Result<Role> {
        let permissions = match update.permissions {
            Some(names) => Some(self.names_of_permissions(names).await?),
            None => None,
        };
        self.change_role(actor, id_or_name, |role| {
            let name = update.name.filter(|name| *name != role.name);
            let rank = update.rank.filter(|rank| *rank != role.rank);
            if role.built_in && (name.is_some() || rank.is_some()) {
                return Err(Error::BuiltIn);
            }
            if let Some(name) = name {
                name.clone_into(&mut role.name);
            }
            if let Some(rank) = rank {
                role.rank = check_rank(rank)?;
            }
            if let Some(text) = update.description {
                text.trim().clone_into(&mut role.description);
            }
            if let Some(names) = &permissions {
                role.permissions.clone_from(names);
            }
            check_name(&role.name, is_role_name(&role.name), &role.description)
        })
        .await
    }

    /// Gives a role a permission, or takes it away.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], [`Error::InsufficientRank`], or a failure of the
    /// platform.
    pub async fn set_permission(
        &self,
        actor: &Actor,
        role: &str,
        permission: &str,
        held: bool,
    ) -> Result<()> {
        let permission = self.permission(permission).await?.name;
        self.change_role(actor, role, |role| {
            role.permissions.retain(|name| *name != permission);
            if held {
                role.permissions.push(permission.clone());
                role.permissions.sort();
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Changes a role that this one may change, from what they may grant to what they may grant, if they outrank all who
    /// have it.
    async fn change_role(
        &self,
        actor: &Actor,
        id_or_name: &str,
        mut decide: impl FnMut(&mut Role) -> Result<()>,
    ) -> Result<Role> {
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let before = self.role(id_or_name).await?;
            if before.name == SUPERADMIN {
                return Err(Error::BuiltIn);
            }
            acting.may_grant(&before)?;
            let mut role = before.clone();
            decide(&mut role)?;
            acting.may_grant(&role)?;
            role.updated_at = later(self.platform.now(), before.updated_at);
            let holders = Subject::RoleHolders(before.id.clone());
            let holders = self.seen_below(&acting, holders).await?;
            let seen = [SeenStanding::from(&before)].into_iter().chain(holders);
            let stored = self.platform.storage().store_role(
                role.clone(),
                Some(before.updated_at),
                Some(self.grounds(&acting, seen)),
            );
            match stored.await? {
                StoreOutcome::Stored => {}
                StoreOutcome::NameTaken => return Err(Error::NameTaken),
                StoreOutcome::Conflict => {
                    acting = self.renewed(&acting).await?;
                    continue;
                }
            }
            let event = actor.event(EventKind::RoleUpdated).on("role", &role.id);
            self.record(told(event, &role), actor.client());
            return Ok(role);
        }
        Err(role_always_changing())
    }

    /// Deletes a role, also from those who have it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], [`Error::InsufficientRank`], or a failure of the
    /// platform.
    pub async fn delete_role(&self, actor: &Actor, id_or_name: &str) -> Result<()> {
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let role = self.role(id_or_name).await?;
            if role.built_in {
                return Err(Error::BuiltIn);
            }
            acting.may_grant(&role)?;
            let holders = Subject::RoleHolders(role.id.clone());
            let holders = self.seen_below(&acting, holders).await?;
            let seen = [SeenStanding::from(&role)].into_iter().chain(holders);
            let grounds = Some(self.grounds(&acting, seen));
            let storage = self.platform.storage();
            if storage.delete_role(role.id.clone(), grounds).await? {
                let event = actor.event(EventKind::RoleDeleted).on("role", &role.id);
                self.record(event.with("name", role.name), actor.client());
                return Ok(());
            }
            acting = self.renewed(&acting).await?;
        }
        Err(role_always_changing())
    }

    /// All permissions, by name.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn permissions(&self) -> Result<Vec<Permission>> {
        Ok(self.platform.storage().list_permissions().await?)
    }

    /// A permission by its identifier or name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn permission(&self, id_or_name: &str) -> Result<Permission> {
        let permissions = self.permissions().await?;
        let is =
            |permission: &Permission| permission.id == id_or_name || permission.name == id_or_name;
        let found = permissions.into_iter().find(is);
        found.ok_or(Error::NotFound("permission"))
    }

    async fn names_of_permissions(&self, names: &[String]) -> Result<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.permissions().await?;
        let find = |name: &String| {
            let there = known.iter().any(|permission| permission.name == *name);
            there
                .then(|| name.clone())
                .ok_or_else(|| unknown("permissions", name))
        };
        let mut names = all_or_broken(names.iter().take(NAMES_MAX).map(find).collect())?;
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Makes a permission.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NameTaken`], or a failure of the platform.
    pub async fn create_permission(
        &self,
        actor: &Actor,
        name: &str,
        description: &str,
    ) -> Result<Permission> {
        let permission = Permission {
            id: new_id(&self.platform),
            name: name.to_owned(),
            description: description.trim().to_owned(),
            built_in: false,
            updated_at: self.platform.now(),
        };
        check_name(name, is_permission_name(name), &permission.description)?;
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let grounds = Some(self.grounds(&acting, []));
            let storage = self.platform.storage();
            let stored = storage.store_permission(permission.clone(), None, grounds);
            match stored.await? {
                StoreOutcome::Stored => {}
                StoreOutcome::NameTaken => return Err(Error::NameTaken),
                StoreOutcome::Conflict => {
                    acting = self.renewed(&acting).await?;
                    continue;
                }
            }
            let event = actor.event(EventKind::PermissionCreated);
            let event = event
                .on("permission", &permission.id)
                .with("name", permission.name.as_str());
            self.record(event, actor.client());
            return Ok(permission);
        }
        Err(permission_always_changing())
    }

    /// Changes a permission: what is none stays as it is. Another name is another right for all who hold it, so that it
    /// takes holding both, and a rank above all of them.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`],
    /// [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn update_permission(
        &self,
        actor: &Actor,
        id_or_name: &str,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<Permission> {
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let mut permission = self.permission(id_or_name).await?;
            let before = permission.updated_at;
            let mut holders = None;
            if let Some(name) = name.filter(|name| *name != permission.name) {
                if permission.built_in {
                    return Err(Error::BuiltIn);
                }
                holders = self
                    .may_change_for_all(&acting, &permission, Some(name))
                    .await?;
                name.clone_into(&mut permission.name);
            }
            if let Some(text) = description {
                text.trim().clone_into(&mut permission.description);
            }
            let name = &permission.name;
            check_name(name, is_permission_name(name), &permission.description)?;
            permission.updated_at = later(self.platform.now(), before);
            let storage = self.platform.storage();
            let grounds = Some(self.grounds(&acting, holders));
            let stored = storage.store_permission(permission.clone(), Some(before), grounds);
            match stored.await? {
                StoreOutcome::Stored => {}
                StoreOutcome::NameTaken => return Err(Error::NameTaken),
                StoreOutcome::Conflict => {
                    acting = self.renewed(&acting).await?;
                    continue;
                }
            }
            let event = actor.event(EventKind::PermissionUpdated);
            let event = event
                .on("permission", &permission.id)
                .with("name", permission.name.as_str());
            self.record(event, actor.client());
            return Ok(permission);
        }
        Err(permission_always_changing())
    }

    /// Deletes a permission, also from the roles that hold it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], [`Error::InsufficientRank`], or a failure of the
    /// platform.
    pub async fn delete_permission(&self, actor: &Actor, id_or_name: &str) -> Result<()> {
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let permission = self.permission(id_or_name).await?;
            if permission.built_in {
                return Err(Error::BuiltIn);
            }
            let holders = self.may_change_for_all(&acting, &permission, None).await?;
            let grounds = Some(self.grounds(&acting, holders));
            let storage = self.platform.storage();
            let deleted = storage.delete_permission(permission.id.clone(), grounds);
            if deleted.await? {
                let event = actor.event(EventKind::PermissionDeleted);
                let event = event
                    .on("permission", &permission.id)
                    .with("name", permission.name);
                self.record(event, actor.client());
                return Ok(());
            }
            acting = self.renewed(&acting).await?;
        }
        Err(permission_always_changing())
    }

    /// Whether somebody may delete a permission, or replace it with another, wherever it is held; with the standing of all
    /// who hold it.
    async fn may_change_for_all(
        &self,
        actor: &Actor,
        permission: &Permission,
        other: Option<&str>,
    ) -> Result<Option<SeenStanding>> {
        let held = |name: &str| actor.holder().has_permission(name);
        if !held(&permission.name) || other.is_some_and(|name| !held(name)) {
            return Err(Error::GrantNotHeld);
        }
        let roles = self.roles().await?;
        let mut of = roles
            .iter()
            .filter(|role| role.permissions.contains(&permission.name));
        of.try_for_each(|role| actor.may_grant(role))?;
        self.seen_below(actor, Subject::PermissionHolders(permission.id.clone()))
            .await
    }

    /// Answers questions about what somebody may do, in their order.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn check_access(
        &self,
        actor: &Actor,
        user_id: Option<&str>,
        questions: &[Question],
    ) -> Result<Vec<bool>> {
        let Some(id) = user_id else {
            let holder = actor.holder();
            return Ok(questions
                .iter()
                .map(|asked| asked.decide(&holder))
                .collect());
        };
        let member = self.member(id).await?;
        let enabled = member.account.user.disabled_at.is_none();
        let holder = Holder::from(&member);
        let answer = |asked: &Question| enabled && asked.decide(&holder);
        Ok(questions.iter().map(answer).collect())
    }
}

/// What the audit log keeps of a role that was stored.
fn told(event: Event, role: &Role) -> Event {
    event
        .with("name", role.name.as_str())
        .with("rank", role.rank)
        .with("permissions", role.permissions.as_slice())
}

fn role_always_changing() -> Error {
    Error::Unavailable("the role is being changed by others all the time".into())
}

fn permission_always_changing() -> Error {
    Error::Unavailable("the permission is being changed by others all the time".into())
}

fn check_rank(rank: u64) -> Result<u64> {
    if rank < HIGHEST_RANK {
        return Ok(rank);
    }
    let message = format!("A whole number from 0 to {}.", HIGHEST_RANK - 1);
    let rule = FieldError::new("rank", FieldErrorCode::InvalidFormat, message);
    Err(Error::Invalid(vec![rule]))
}

fn check_name(name: &str, valid: bool, description: &str) -> Result<()> {
    let mut broken = Vec::new();
    if name.is_empty() {
        let message = "A name is required.";
        broken.push(FieldError::new("name", FieldErrorCode::Required, message));
    } else if !valid {
        let message = "At most 64 of a-z, 0-9, '.', '_' and '-'; a role begins with a letter, a permission is `resource:action` or a wildcard.";
        broken.push(FieldError::new(
            "name",
            FieldErrorCode::InvalidFormat,
            message,
        ));
    }
    if description.chars().count() > DESCRIPTION_MAX {
        let message = format!("At most {DESCRIPTION_MAX} characters.");
        broken.push(FieldError::new(
            "description",
            FieldErrorCode::TooLong,
            message,
        ));
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(broken))
    }
}

fn unknown(field: &'static str, name: &str) -> FieldError {
    let name: String = name.chars().take(64).collect();
    FieldError::new(
        field,
        FieldErrorCode::NotFound,
        format!("There is no {name:?}."),
    )
}

fn all_or_broken<T>(found: Vec<core::result::Result<T, FieldError>>) -> Result<Vec<T>> {
    let mut broken = Vec::new();
    let mut all = Vec::new();
    for one in found {
        match one {
            Ok(one) => all.push(one),
            Err(rule) => broken.push(rule),
        }
    }
    if broken.is_empty() {
        Ok(all)
    } else {
        Err(Error::Invalid(broken))
    }
}
