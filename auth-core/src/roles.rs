//! Roles and permissions, and questions about them.

use crate::access::{Holder, Question, SUPERADMIN, is_permission_name, is_role_name};
use crate::administration::Actor;
use crate::audit::EventKind;
use crate::auth::Auth;
use crate::change::later;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::identifier::new_id;
use crate::platform::Platform;
use crate::storage::{Permission, Role, Storage as _, StoreOutcome};

/// Most characters of a description.
const DESCRIPTION_MAX: usize = 500;
/// Most permissions of a role, and most roles of a new user.
const NAMES_MAX: usize = 500;
/// How often a change is decided anew when somebody else was faster.
const TRIES: usize = 4;

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

    /// Makes a role.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`], or a failure of the platform.
    pub async fn create_role(
        &self,
        actor: &Actor,
        name: &str,
        description: &str,
        permissions: &[String],
    ) -> Result<Role> {
        let role = Role {
            id: new_id(&self.platform),
            name: name.to_owned(),
            description: description.trim().to_owned(),
            built_in: false,
            permissions: self.names_of_permissions(permissions).await?,
            updated_at: self.platform.now(),
        };
        check_name(name, is_role_name(name), &role.description)?;
        actor.may_grant(&role)?;
        match self
            .platform
            .storage()
            .store_role(role.clone(), None)
            .await?
        {
            StoreOutcome::Stored => {}
            StoreOutcome::NameTaken => return Err(Error::NameTaken),
            StoreOutcome::Conflict => {
                return Err(Error::Internal("a new identifier is taken".into()));
            }
        }
        let event = actor.event(EventKind::RoleCreated).on("role", &role.id);
        let event = event
            .with("name", role.name.as_str())
            .with("permissions", role.permissions.as_slice());
        self.record(event, actor.client());
        Ok(role)
    }

    /// Changes a role: what is none stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`], or a
    /// failure of the platform.
    pub async fn update_role(
        &self,
        actor: &Actor,
        id_or_name: &str,
        name: Option<&str>,
        description: Option<&str>,
        permissions: Option<&[String]>,
    ) -> Result<Role> {
        let permissions = match permissions {
            Some(names) => Some(self.names_of_permissions(names).await?),
            None => None,
        };
        self.change_role(actor, id_or_name, |role| {
            if let Some(name) = name.filter(|name| *name != role.name) {
                if role.built_in {
                    return Err(Error::BuiltIn);
                }
                name.clone_into(&mut role.name);
            }
            if let Some(text) = description {
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
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], or a failure of the platform.
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

    /// Changes a role that this one may change, from what he may grant to what he may grant.
    async fn change_role(
        &self,
        actor: &Actor,
        id_or_name: &str,
        mut decide: impl FnMut(&mut Role) -> Result<()>,
    ) -> Result<Role> {
        for _ in 0..TRIES {
            let before = self.role(id_or_name).await?;
            if before.name == SUPERADMIN {
                return Err(Error::BuiltIn);
            }
            actor.may_grant(&before)?;
            let mut role = before.clone();
            decide(&mut role)?;
            actor.may_grant(&role)?;
            role.updated_at = later(self.platform.now(), before.updated_at);
            let stored = self
                .platform
                .storage()
                .store_role(role.clone(), Some(before.updated_at));
            match stored.await? {
                StoreOutcome::Stored => {}
                StoreOutcome::NameTaken => return Err(Error::NameTaken),
                StoreOutcome::Conflict => continue,
            }
            let event = actor.event(EventKind::RoleUpdated).on("role", &role.id);
            let event = event
                .with("name", role.name.as_str())
                .with("permissions", role.permissions.as_slice());
            self.record(event, actor.client());
            return Ok(role);
        }
        Err(Error::Unavailable(
            "the role is being changed by others all the time".into(),
        ))
    }

    /// Deletes a role, also from those who have it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], or a failure of the platform.
    pub async fn delete_role(&self, actor: &Actor, id_or_name: &str) -> Result<()> {
        let role = self.role(id_or_name).await?;
        if role.built_in {
            return Err(Error::BuiltIn);
        }
        actor.may_grant(&role)?;
        if !self.platform.storage().delete_role(role.id.clone()).await? {
            return Err(Error::NotFound("role"));
        }
        let event = actor.event(EventKind::RoleDeleted).on("role", &role.id);
        self.record(event.with("name", role.name), actor.client());
        Ok(())
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
        let storage = self.platform.storage();
        match storage.store_permission(permission.clone(), None).await? {
            StoreOutcome::Stored => {}
            StoreOutcome::NameTaken => return Err(Error::NameTaken),
            StoreOutcome::Conflict => {
                return Err(Error::Internal("a new identifier is taken".into()));
            }
        }
        let event = actor.event(EventKind::PermissionCreated);
        let event = event
            .on("permission", &permission.id)
            .with("name", permission.name.as_str());
        self.record(event, actor.client());
        Ok(permission)
    }

    /// Changes a permission: what is none stays as it is. Another name is another right for all who hold it, so that it
    /// takes holding both.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`], or a
    /// failure of the platform.
    pub async fn update_permission(
        &self,
        actor: &Actor,
        id_or_name: &str,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<Permission> {
        for _ in 0..TRIES {
            let mut permission = self.permission(id_or_name).await?;
            let before = permission.updated_at;
            if let Some(name) = name.filter(|name| *name != permission.name) {
                if permission.built_in {
                    return Err(Error::BuiltIn);
                }
                self.may_change_for_all(actor, &permission.name, Some(name))
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
            let stored = storage.store_permission(permission.clone(), Some(before));
            match stored.await? {
                StoreOutcome::Stored => {}
                StoreOutcome::NameTaken => return Err(Error::NameTaken),
                StoreOutcome::Conflict => continue,
            }
            let event = actor.event(EventKind::PermissionUpdated);
            let event = event
                .on("permission", &permission.id)
                .with("name", permission.name.as_str());
            self.record(event, actor.client());
            return Ok(permission);
        }
        Err(Error::Unavailable(
            "the permission is being changed by others all the time".into(),
        ))
    }

    /// Deletes a permission, also from the roles that hold it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], or a failure of the platform.
    pub async fn delete_permission(&self, actor: &Actor, id_or_name: &str) -> Result<()> {
        let permission = self.permission(id_or_name).await?;
        if permission.built_in {
            return Err(Error::BuiltIn);
        }
        self.may_change_for_all(actor, &permission.name, None)
            .await?;
        let storage = self.platform.storage();
        if !storage.delete_permission(permission.id.clone()).await? {
            return Err(Error::NotFound("permission"));
        }
        let event = actor.event(EventKind::PermissionDeleted);
        let event = event
            .on("permission", &permission.id)
            .with("name", permission.name);
        self.record(event, actor.client());
        Ok(())
    }

    /// Whether somebody may take a permission away, or make another of it, wherever it is held.
    async fn may_change_for_all(
        &self,
        actor: &Actor,
        permission: &str,
        other: Option<&str>,
    ) -> Result<()> {
        let held = |name: &str| actor.holder().has_permission(name);
        if !held(permission) || other.is_some_and(|name| !held(name)) {
            return Err(Error::GrantNotHeld);
        }
        let roles = self.roles().await?;
        let mut of = roles
            .iter()
            .filter(|role| role.permissions.iter().any(|name| name == permission));
        of.try_for_each(|role| actor.may_grant(role))
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
