//! Permissions.

use crate::access::is_permission_name;
use crate::account::change::{TRIES, later};
use crate::admin::actor::Actor;
use crate::admin::catalog::{find_permission, list_permissions, list_roles};
use crate::admin::grounds::{grounds, renewed, seen_below};
use crate::admin::names::check_name;
use crate::audit::event::EventKind;
use crate::audit::record::{audit_event, log_events};
use crate::context::{Context, service};
use crate::error::{Error, Result};
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::storage::{
    AuditEvent, Grounds, Permission, Roles as _, SeenStanding, StoreOutcome, Subject,
};
use crate::time::Timestamp;

service! {
    /// Permissions.
    Permissions
}

impl<P: Platform> Permissions<'_, P> {
    /// Returns all permissions, by name.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self) -> Result<Vec<Permission>> {
        list_permissions(self.context).await
    }

    /// Returns a permission by its identifier or name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn get(self, id_or_name: &str) -> Result<Permission> {
        find_permission(self.context, id_or_name).await
    }

    /// Creates a permission.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NameTaken`], or a failure of the platform.
    pub async fn create(self, actor: &Actor, name: &str, description: &str) -> Result<Permission> {
        let context = self.context;
        let permission = Permission {
            id: new_id(&context.platform),
            name: name.to_owned(),
            description: description.trim().to_owned(),
            built_in: false,
            updated_at: context.now(),
        };
        check_name(name, is_permission_name(name), &permission.description)?;
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let grounds = grounds(context, &acting, []);
            let event = told(context, actor, EventKind::PermissionCreated, &permission);
            if store(context, &permission, None, grounds, event).await? {
                return Ok(permission);
            }
            acting = renewed(context, &acting).await?;
        }
        Err(permission_always_changing())
    }

    /// Updates a permission; `None` leaves a value unchanged. A new name changes the rights of all who have the
    /// permission, so the actor must have both permissions, and a rank above all of them.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`],
    /// [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn update(
        self,
        actor: &Actor,
        id_or_name: &str,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<Permission> {
        let context = self.context;
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let mut permission = find_permission(context, id_or_name).await?;
            let before = permission.updated_at;
            let mut holders = None;
            if let Some(name) = name.filter(|name| *name != permission.name) {
                if permission.built_in {
                    return Err(Error::BuiltIn);
                }
                holders = may_change_for_all(context, &acting, &permission, Some(name)).await?;
                name.clone_into(&mut permission.name);
            }
            if let Some(text) = description {
                text.trim().clone_into(&mut permission.description);
            }
            let name = &permission.name;
            check_name(name, is_permission_name(name), &permission.description)?;
            permission.updated_at = later(context.now(), before);
            let grounds = grounds(context, &acting, holders);
            let event = told(context, actor, EventKind::PermissionUpdated, &permission);
            if store(context, &permission, Some(before), grounds, event).await? {
                return Ok(permission);
            }
            acting = renewed(context, &acting).await?;
        }
        Err(permission_always_changing())
    }

    /// Deletes a permission, and removes it from the roles that have it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], [`Error::InsufficientRank`], or a failure of
    /// the platform.
    pub async fn delete(self, actor: &Actor, id_or_name: &str) -> Result<()> {
        let context = self.context;
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let permission = find_permission(context, id_or_name).await?;
            if permission.built_in {
                return Err(Error::BuiltIn);
            }
            let holders = may_change_for_all(context, &acting, &permission, None).await?;
            let grounds = Some(grounds(context, &acting, holders));
            let storage = context.storage();
            let event = told(context, actor, EventKind::PermissionDeleted, &permission);
            let events = vec![event];
            let deleted = storage.delete_permission(permission.id, grounds, events.clone());
            if deleted.await? {
                log_events(context, &events);
                return Ok(());
            }
            acting = renewed(context, &acting).await?;
        }
        Err(permission_always_changing())
    }
}

/// Stores a permission, and logs the event that is stored with it. Returns `false` if the grounds of the decision have changed meanwhile.
async fn store<P: Platform>(
    context: &Context<P>,
    permission: &Permission,
    before: Option<Timestamp>,
    grounds: Grounds,
    event: AuditEvent,
) -> Result<bool> {
    let events = vec![event];
    let storage = context.storage();
    let stored =
        storage.store_permission(permission.clone(), before, Some(grounds), events.clone());
    match stored.await? {
        StoreOutcome::Stored => {
            log_events(context, &events);
            Ok(true)
        }
        StoreOutcome::Conflict => Ok(false),
        StoreOutcome::NameTaken => Err(Error::NameTaken),
    }
}

/// Returns the event of a change of a permission.
fn told<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    kind: EventKind,
    permission: &Permission,
) -> AuditEvent {
    let event = actor.event(kind).on("permission", &permission.id);
    let event = event.with("name", permission.name.as_str());
    audit_event(context, event, actor.client())
}

/// Checks that the actor may delete a permission everywhere, or replace it with another, and returns the standing of
/// all who have it.
async fn may_change_for_all<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    permission: &Permission,
    other: Option<&str>,
) -> Result<Option<SeenStanding>> {
    let held = |name: &str| actor.holder().has_permission(name);
    if !held(&permission.name) || other.is_some_and(|name| !held(name)) {
        return Err(Error::GrantNotHeld);
    }
    let roles = list_roles(context).await?;
    let mut of = roles
        .iter()
        .filter(|role| role.permissions.contains(&permission.name));
    of.try_for_each(|role| actor.may_grant(role))?;
    seen_below(
        context,
        actor,
        Subject::PermissionHolders(permission.id.clone()),
    )
    .await
}

fn permission_always_changing() -> Error {
    Error::Unavailable("concurrent changes to the permission; try again".into())
}
