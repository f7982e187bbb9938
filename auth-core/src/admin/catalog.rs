//! The existing roles and permissions.

use std::collections::HashSet;

use crate::admin::names::{all_or_broken, unknown};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::storage::{Permission, Role, Roles as _};

/// Returns all roles, by name.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn list_roles<P: Platform>(context: &Context<P>) -> Result<Vec<Role>> {
    Ok(context.storage().list_roles().await?)
}

/// Returns a role by its identifier or name.
///
/// # Errors
/// [`Error::NotFound`], or a failure of the platform.
pub(crate) async fn find_role<P: Platform>(context: &Context<P>, id_or_name: &str) -> Result<Role> {
    let roles = list_roles(context).await?;
    let by_id = roles.iter().find(|role| role.id == id_or_name);
    by_id
        .or_else(|| roles.iter().find(|role| role.name == id_or_name))
        .cloned()
        .ok_or(Error::NotFound("role"))
}

/// Returns the roles with these names.
pub(crate) async fn roles_of_names<P: Platform>(
    context: &Context<P>,
    names: &[String],
) -> Result<Vec<Role>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let roles = list_roles(context).await?;
    let find = |name: &String| {
        let found = roles.iter().find(|role| role.name == *name);
        found.cloned().ok_or_else(|| unknown("roles", name))
    };
    let found: Vec<_> = names.iter().map(find).collect();
    all_or_broken(found)
}

/// Returns all permissions, by name.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn list_permissions<P: Platform>(context: &Context<P>) -> Result<Vec<Permission>> {
    Ok(context.storage().list_permissions().await?)
}

/// Returns a permission by its identifier or name.
///
/// # Errors
/// [`Error::NotFound`], or a failure of the platform.
pub(crate) async fn find_permission<P: Platform>(
    context: &Context<P>,
    id_or_name: &str,
) -> Result<Permission> {
    let permissions = list_permissions(context).await?;
    let is = |permission: &Permission| permission.id == id_or_name || permission.name == id_or_name;
    let found = permissions.into_iter().find(is);
    found.ok_or(Error::NotFound("permission"))
}

pub(crate) async fn names_of_permissions<P: Platform>(
    context: &Context<P>,
    names: &[String],
) -> Result<Vec<String>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = list_permissions(context).await?;
    let known: HashSet<_> = known.iter().map(|known| known.name.as_str()).collect();
    let find = |name: &String| {
        known
            .contains(name.as_str())
            .then(|| name.clone())
            .ok_or_else(|| unknown("permissions", name))
    };
    let mut names = all_or_broken(names.iter().map(find).collect())?;
    names.sort();
    names.dedup();
    Ok(names)
}
