//! Roles, permissions, and questions about them.

use auth_core::access::Question;
use auth_core::storage::{Permission, Role};
use auth_core::{Platform, RoleUpdate};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body;
use crate::caller::Call;
use crate::error::ApiError;
use crate::query::invalid;
use crate::reply;
use crate::service::Answer;

/// Most questions of one call.
const QUESTIONS: usize = 100;

/// A role.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RoleView {
    /// Identifier, a UUID.
    id: String,
    /// Name.
    name: String,
    /// What it is for.
    description: String,
    /// Whether the service needs it.
    built_in: bool,
    /// How high its holders stand, 0 to 1000: they administer those of a lower rank, and never equals.
    rank: u64,
    /// Names of the permissions that it holds.
    permissions: Vec<String>,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        Self {
            id: role.id,
            name: role.name,
            description: role.description,
            built_in: role.built_in,
            rank: role.rank,
            permissions: role.permissions,
        }
    }
}

/// All roles, by name.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RolesResponse {
    roles: Vec<RoleView>,
}

/// A role to be made.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CreateRoleRequest {
    /// 1 to 64 of a-z, 0-9, `.`, `_` and `-`, a letter first.
    #[serde(default)]
    #[cfg_attr(test, schema(required))]
    name: String,
    /// What it is for, at most 500 characters.
    #[serde(default)]
    description: String,
    /// How high its holders stand, 0 to 999 and below the caller; without it 10 if a permission of the administration is among
    /// `permissions`, else 0.
    #[cfg_attr(test, schema(minimum = 0, maximum = 999))]
    rank: Option<u64>,
    /// Names of the permissions that it holds.
    #[serde(default)]
    permissions: Vec<String>,
}

/// What changes of a role; what is left out stays.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RoleUpdateRequest {
    /// Another name.
    name: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// How high its holders stand, 0 to 999 and below the caller; that of a built-in role is fixed.
    #[cfg_attr(test, schema(minimum = 0, maximum = 999))]
    rank: Option<u64>,
    /// Names of the permissions that it holds.
    permissions: Option<Vec<String>>,
}

/// A permission.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PermissionView {
    /// Identifier, a UUID.
    id: String,
    /// Name, `resource:action`.
    name: String,
    /// What it is for.
    description: String,
    /// Whether the service needs it.
    built_in: bool,
}

impl From<Permission> for PermissionView {
    fn from(permission: Permission) -> Self {
        Self {
            id: permission.id,
            name: permission.name,
            description: permission.description,
            built_in: permission.built_in,
        }
    }
}

/// All permissions, by name.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PermissionsResponse {
    permissions: Vec<PermissionView>,
}

/// A permission to be made.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CreatePermissionRequest {
    /// `resource:action`, either part at most 64 of a-z, 0-9, `.`, `_` and `-`, or `*`; or `*` alone.
    #[serde(default)]
    #[cfg_attr(test, schema(required))]
    name: String,
    /// What it is for, at most 500 characters.
    #[serde(default)]
    description: String,
}

/// What changes of a permission; what is left out stays.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PermissionUpdateRequest {
    /// Another name.
    name: Option<String>,
    /// What it is for.
    description: Option<String>,
}

/// One question, or up to 100 as `checks`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CheckRequest {
    /// About whom; the caller without it.
    user_id: Option<String>,
    /// Questions.
    checks: Option<Vec<OneCheck>>,
    /// Whether he has this permission.
    permission: Option<String>,
    /// Whether he has this role.
    role: Option<String>,
    /// Whether he has one of these roles.
    any_role: Option<Vec<String>>,
    /// Whether he has all of these roles.
    all_roles: Option<Vec<String>>,
}

/// A question: one of its fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct OneCheck {
    /// Whether he has this permission.
    permission: Option<String>,
    /// Whether he has this role.
    role: Option<String>,
    /// Whether he has one of these roles.
    any_role: Option<Vec<String>>,
    /// Whether he has all of these roles.
    all_roles: Option<Vec<String>>,
}

impl OneCheck {
    fn question(self) -> Result<Question, ApiError> {
        match (self.permission, self.role, self.any_role, self.all_roles) {
            (Some(name), None, None, None) => Ok(Question::Permission(name)),
            (None, Some(name), None, None) => Ok(Question::Role(name)),
            (None, None, Some(names), None) => Ok(Question::AnyRole(names)),
            (None, None, None, Some(names)) => Ok(Question::AllRoles(names)),
            _ => {
                let message = "One of permission, role, any_role and all_roles.";
                Err(invalid("checks", message))
            }
        }
    }
}

/// The answers.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CheckResponse {
    /// Whether every answer is yes.
    allowed: bool,
    /// The answers, in the order of the questions.
    results: Vec<bool>,
}

pub(crate) async fn list<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let roles = call.auth.roles().await?.into_iter();
    let response = RolesResponse {
        roles: roles.map(RoleView::from).collect(),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn create<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: CreateRoleRequest = body::json(call.parts, call.body)?;
    let (name, description) = (&request.name, &request.description);
    let role = call
        .auth
        .create_role(
            &actor,
            name,
            description,
            request.rank,
            &request.permissions,
        )
        .await?;
    Ok(reply::json(StatusCode::CREATED, &RoleView::from(role)))
}

pub(crate) async fn get<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let role = call.auth.role(&call.named("role")).await?;
    Ok(reply::json(StatusCode::OK, &RoleView::from(role)))
}

pub(crate) async fn update<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: RoleUpdateRequest = body::json(call.parts, call.body)?;
    let update = RoleUpdate {
        name: request.name.as_deref(),
        description: request.description.as_deref(),
        rank: request.rank,
        permissions: request.permissions.as_deref(),
    };
    let role = call
        .auth
        .update_role(&actor, &call.named("role"), update)
        .await?;
    Ok(reply::json(StatusCode::OK, &RoleView::from(role)))
}

pub(crate) async fn delete<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    call.auth.delete_role(&actor, &call.named("role")).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn grant<P: Platform>(call: &Call<'_, P>) -> Answer {
    set_permission(call, true).await
}

pub(crate) async fn revoke<P: Platform>(call: &Call<'_, P>) -> Answer {
    set_permission(call, false).await
}

async fn set_permission<P: Platform>(call: &Call<'_, P>, held: bool) -> Answer {
    let actor = call.actor().await?;
    let (role, permission) = (call.named("role"), call.named("permission"));
    call.auth
        .set_permission(&actor, &role, &permission, held)
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn list_permissions<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let permissions = call.auth.permissions().await?.into_iter();
    let response = PermissionsResponse {
        permissions: permissions.map(PermissionView::from).collect(),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn create_permission<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: CreatePermissionRequest = body::json(call.parts, call.body)?;
    let (name, description) = (&request.name, &request.description);
    let made = call.auth.create_permission(&actor, name, description);
    let view = PermissionView::from(made.await?);
    Ok(reply::json(StatusCode::CREATED, &view))
}

pub(crate) async fn get_permission<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let permission = call.auth.permission(&call.named("permission")).await?;
    Ok(reply::json(
        StatusCode::OK,
        &PermissionView::from(permission),
    ))
}

pub(crate) async fn update_permission<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: PermissionUpdateRequest = body::json(call.parts, call.body)?;
    let permission = call
        .auth
        .update_permission(
            &actor,
            &call.named("permission"),
            request.name.as_deref(),
            request.description.as_deref(),
        )
        .await?;
    Ok(reply::json(
        StatusCode::OK,
        &PermissionView::from(permission),
    ))
}

pub(crate) async fn delete_permission<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let permission = call.named("permission");
    call.auth.delete_permission(&actor, &permission).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn check<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: CheckRequest = body::json(call.parts, call.body)?;
    let single = OneCheck {
        permission: request.permission,
        role: request.role,
        any_role: request.any_role,
        all_roles: request.all_roles,
    };
    let questions = match request.checks {
        None => vec![single.question()?],
        Some(_)
            if single.permission.is_some()
                || single.role.is_some()
                || single.any_role.is_some()
                || single.all_roles.is_some() =>
        {
            return Err(invalid("checks", "One question, or several as checks."));
        }
        Some(checks) if !(1..=QUESTIONS).contains(&checks.len()) => {
            return Err(invalid("checks", &format!("1 to {QUESTIONS} of them.")));
        }
        Some(checks) => {
            let questions = checks.into_iter().map(OneCheck::question);
            questions.collect::<Result<Vec<_>, _>>()?
        }
    };
    let of_another = request.user_id.is_some() && request.user_id.as_deref() != actor.user_id();
    if of_another && actor.impersonates() {
        return Err(ApiError::impersonating());
    }
    if of_another && !actor.holder().has_permission("users:read") {
        return Err(ApiError::forbidden("users:read"));
    }
    let results = call
        .auth
        .check_access(&actor, request.user_id.as_deref(), &questions)
        .await?;
    let response = CheckResponse {
        allowed: results.iter().all(|yes| *yes),
        results,
    };
    Ok(reply::json(StatusCode::OK, &response))
}
