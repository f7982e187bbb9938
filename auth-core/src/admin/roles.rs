//! Roles.

use crate::access::{HIGHEST_RANK, STAFF_RANK, SUPERADMIN, covers, is_role_name};
use crate::account::change::{TRIES, later};
use crate::admin::actor::Actor;
use crate::admin::catalog::{
    find_permission, find_role, list_permissions, list_roles, names_of_permissions,
};
use crate::admin::grounds::{grounds, renewed, seen_below};
use crate::admin::names::check_name;
use crate::audit::event::EventKind;
use crate::audit::record::{audit_event, log_events};
use crate::context::{Context, service};
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::storage::{AuditEvent, Grounds, Role, Roles as _, SeenStanding, StoreOutcome, Subject};
use crate::time::Timestamp;

/// An update of a role. Fields that are `None` stay unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct RoleUpdate<'a> {
    /// New name.
    pub name: Option<&'a str>,
    /// New description.
    pub description: Option<&'a str>,
    /// New rank of its holders, below the actor's.
    pub rank: Option<u64>,
    /// Names of all its permissions; they replace the current ones.
    pub permissions: Option<&'a [String]>,
}

service! {
    /// Roles.
    Roles
}

impl<P: Platform> Roles<'_, P> {
    /// Returns all roles, by name.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self) -> Result<Vec<Role>> {
        list_roles(self.context).await
    }

    /// Returns a role by its identifier or name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn get(self, id_or_name: &str) -> Result<Role> {
        find_role(self.context, id_or_name).await
    }

    /// Creates a role. Without a rank, it gets [`STAFF_RANK`] if it has an administrative permission, else 0, but
    /// always a rank below the actor's.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`], or a failure of the platform.
    pub async fn create(
        self,
        actor: &Actor,
        name: &str,
        description: &str,
        rank: Option<u64>,
        permissions: &[String],
    ) -> Result<Role> {
        let context = self.context;
        let permissions = names_of_permissions(context, permissions).await?;
        let description = description.trim().to_owned();
        check_name(name, is_role_name(name), &description)?;
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let rank = match rank {
                Some(rank) => check_rank(rank)?,
                None => {
                    let below = acting.holder().rank.saturating_sub(1);
                    usual_rank(context, &permissions).await?.min(below)
                }
            };
            let role = Role {
                id: new_id(&context.platform),
                name: name.to_owned(),
                description: description.clone(),
                built_in: false,
                rank,
                permissions: permissions.clone(),
                updated_at: context.now(),
            };
            acting.may_grant(&role)?;
            let grounds = grounds(context, &acting, []);
            let event = told(context, actor, EventKind::RoleCreated, &role);
            if store(context, &role, None, grounds, event).await? {
                return Ok(role);
            }
            acting = renewed(context, &acting).await?;
        }
        Err(role_always_changing())
    }

    /// Updates a role. This administers all who have it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Invalid`], [`Error::NameTaken`], [`Error::GrantNotHeld`],
    /// [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn update(
        self,
        actor: &Actor,
        id_or_name: &str,
        update: RoleUpdate<'_>,
    ) -> Result<Role> {
        let context = self.context;
        let permissions = match update.permissions {
            Some(names) => Some(names_of_permissions(context, names).await?),
            None => None,
        };
        change_role(context, actor, id_or_name, |role| {
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

    /// Adds a permission to a role, or removes it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], [`Error::InsufficientRank`], or a failure of
    /// the platform.
    pub async fn set_permission(
        self,
        actor: &Actor,
        role: &str,
        permission: &str,
        held: bool,
    ) -> Result<()> {
        let context = self.context;
        let permission = find_permission(context, permission).await?.name;
        change_role(context, actor, role, |role| {
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

    /// Deletes a role, and removes it from the users who have it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::GrantNotHeld`], [`Error::InsufficientRank`], or a failure of
    /// the platform.
    pub async fn delete(self, actor: &Actor, id_or_name: &str) -> Result<()> {
        let context = self.context;
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let role = find_role(context, id_or_name).await?;
            if role.built_in {
                return Err(Error::BuiltIn);
            }
            acting.may_grant(&role)?;
            let holders = Subject::RoleHolders(role.id.clone());
            let holders = seen_below(context, &acting, holders).await?;
            let seen = [SeenStanding::from(&role)].into_iter().chain(holders);
            let grounds = Some(grounds(context, &acting, seen));
            let event = actor.event(EventKind::RoleDeleted).on("role", &role.id);
            let event = event.with("name", role.name);
            let events = vec![audit_event(context, event, actor.client())];
            let storage = context.storage();
            let deleted = storage.delete_role(role.id, grounds, events.clone());
            if deleted.await? {
                log_events(context, &events);
                return Ok(());
            }
            acting = renewed(context, &acting).await?;
        }
        Err(role_always_changing())
    }
}

/// Returns the default rank of a new role.
async fn usual_rank<P: Platform>(context: &Context<P>, permissions: &[String]) -> Result<u64> {
    if permissions.is_empty() {
        return Ok(0);
    }
    let known = list_permissions(context).await?;
    let own = known.iter().filter(|permission| permission.built_in);
    let administers = own
        .map(|own| &own.name)
        .any(|own| permissions.iter().any(|held| covers(held, own)));
    Ok(if administers { STAFF_RANK } else { 0 })
}

/// Changes a role. The actor must be able to grant it before and after the change, and must outrank all who have it.
async fn change_role<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    id_or_name: &str,
    mut decide: impl FnMut(&mut Role) -> Result<()>,
) -> Result<Role> {
    let mut acting = actor.clone();
    for _ in 0..TRIES {
        let before = find_role(context, id_or_name).await?;
        if before.name == SUPERADMIN {
            return Err(Error::BuiltIn);
        }
        acting.may_grant(&before)?;
        let mut role = before.clone();
        decide(&mut role)?;
        acting.may_grant(&role)?;
        role.updated_at = later(context.now(), before.updated_at);
        let holders = Subject::RoleHolders(before.id.clone());
        let holders = seen_below(context, &acting, holders).await?;
        let seen = [SeenStanding::from(&before)].into_iter().chain(holders);
        let grounds = grounds(context, &acting, seen);
        let event = told(context, actor, EventKind::RoleUpdated, &role);
        if store(context, &role, Some(before.updated_at), grounds, event).await? {
            return Ok(role);
        }
        acting = renewed(context, &acting).await?;
    }
    Err(role_always_changing())
}

/// Stores a role, and logs the event that is stored with it. Returns `false` if the grounds of the decision have changed meanwhile.
async fn store<P: Platform>(
    context: &Context<P>,
    role: &Role,
    before: Option<Timestamp>,
    grounds: Grounds,
    event: AuditEvent,
) -> Result<bool> {
    let events = vec![event];
    let storage = context.storage();
    let stored = storage.store_role(role.clone(), before, Some(grounds), events.clone());
    match stored.await? {
        StoreOutcome::Stored => {
            log_events(context, &events);
            Ok(true)
        }
        StoreOutcome::Conflict => Ok(false),
        StoreOutcome::NameTaken => Err(Error::NameTaken),
    }
}

/// Returns the event of a role that is stored.
fn told<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    kind: EventKind,
    role: &Role,
) -> AuditEvent {
    let event = actor
        .event(kind)
        .on("role", &role.id)
        .with("name", role.name.as_str())
        .with("rank", role.rank)
        .with("permissions", role.permissions.as_slice());
    audit_event(context, event, actor.client())
}

fn role_always_changing() -> Error {
    Error::Unavailable("concurrent changes to the role; try again".into())
}

fn check_rank(rank: u64) -> Result<u64> {
    if rank < HIGHEST_RANK {
        return Ok(rank);
    }
    let message = format!("Must be a whole number from 0 to {}.", HIGHEST_RANK - 1);
    let rule = FieldError::new("rank", FieldErrorCode::InvalidFormat, message);
    Err(Error::Invalid(vec![rule]))
}
