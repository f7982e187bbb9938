//! Administration of roles.

use auth_core::storage::Role;
use auth_core::{Platform, RoleUpdate};
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, get, post, put, rows};

rows![
    list_roles = get("/roles", "Lists all roles.")
        .permission("roles:read")
        .answers::<RolesResponse>(),
    create_role = post("/roles", "Creates a role.")
        .permission("roles:write")
        .recent(Recency::Never)
        .json::<CreateRoleRequest>()
        .creates::<RoleView>()
        .fails(&[409]),
    get_role = get("/roles/{role}", "Returns a role by identifier or name.")
        .permission("roles:read")
        .answers::<RoleView>(),
    update_role = put(
        "/roles/{role}",
        "Updates a role. Omitted fields are unchanged."
    )
    .permission("roles:write")
    .json::<RoleUpdateRequest>()
    .answers::<RoleView>()
    .fails(&[409]),
    delete_role = delete(
        "/roles/{role}",
        "Deletes a role and removes it from all users.",
    )
    .permission("roles:write")
    .fails(&[409]),
    grant_permission = post(
        "/roles/{role}/permissions/{permission}",
        "Grants a permission to a role.",
    )
    .permission("roles:write")
    .fails(&[409]),
    revoke_permission = delete(
        "/roles/{role}/permissions/{permission}",
        "Revokes a permission from a role.",
    )
    .permission("roles:write")
    .fails(&[409]),
];

/// A role.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RoleView {
    /// Identifier, a UUID.
    #[cfg_attr(test, schema(format = "uuid"))]
    id: String,
    /// Name.
    name: String,
    /// Purpose of the role.
    description: String,
    /// Whether the role is built in.
    built_in: bool,
    /// Rank, 0 to 1000. Users with the role can administer only users of a lower rank.
    rank: u64,
    /// Names of the permissions of the role.
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

/// All roles, sorted by name.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RolesResponse {
    roles: Vec<RoleView>,
}

/// A role to create.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CreateRoleRequest {
    /// Name: 1 to 64 of the characters a-z, 0-9, `.`, `_` and `-`, starting with a letter.
    #[serde(default)]
    #[cfg_attr(test, schema(required, pattern = "^[a-z][a-z0-9._-]{0,63}$"))]
    name: String,
    /// Purpose of the role, at most 500 characters.
    #[serde(default)]
    #[cfg_attr(test, schema(max_length = 500))]
    description: String,
    /// Rank, 0 to 999 and below the rank of the caller. Default: 10 if `permissions` contains an administrative
    /// permission, otherwise 0.
    #[cfg_attr(test, schema(minimum = 0, maximum = 999))]
    rank: Option<u64>,
    /// Names of all permissions of the role. The permissions must exist.
    #[serde(default)]
    permissions: Vec<String>,
}

/// Changes to a role. Omitted fields are unchanged.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RoleUpdateRequest {
    /// New name: 1 to 64 of the characters a-z, 0-9, `.`, `_` and `-`, starting with a letter.
    #[cfg_attr(test, schema(pattern = "^[a-z][a-z0-9._-]{0,63}$"))]
    name: Option<String>,
    /// Purpose of the role, at most 500 characters.
    #[cfg_attr(test, schema(max_length = 500))]
    description: Option<String>,
    /// Rank, 0 to 999 and below the rank of the caller. The rank of a built-in role is fixed.
    #[cfg_attr(test, schema(minimum = 0, maximum = 999))]
    rank: Option<u64>,
    /// Names of all permissions of the role. The permissions must exist.
    permissions: Option<Vec<String>>,
}

async fn list_roles<P: Platform>(call: &Call<'_, P>, _: Administrator) -> Answer<RolesResponse> {
    let roles = call.auth.roles().list().await?.into_iter();
    Ok(call.json(&RolesResponse {
        roles: roles.map(RoleView::from).collect(),
    }))
}

async fn create_role<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: CreateRoleRequest,
) -> Answer<RoleView> {
    let (name, description) = (&request.name, &request.description);
    let role = call
        .auth
        .roles()
        .create(
            &administrator,
            name,
            description,
            request.rank,
            &request.permissions,
        )
        .await?;
    Ok(call.json(&role.into()))
}

async fn get_role<P: Platform>(call: &Call<'_, P>, _: Administrator) -> Answer<RoleView> {
    let role = call.auth.roles().get(&call.path_parameter("role")).await?;
    Ok(call.json(&role.into()))
}

async fn update_role<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: RoleUpdateRequest,
) -> Answer<RoleView> {
    let update = RoleUpdate {
        name: request.name.as_deref(),
        description: request.description.as_deref(),
        rank: request.rank,
        permissions: request.permissions.as_deref(),
    };
    let role = call
        .auth
        .roles()
        .update(&administrator, &call.path_parameter("role"), update)
        .await?;
    Ok(call.json(&role.into()))
}

async fn delete_role<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let role = call.path_parameter("role");
    call.auth.roles().delete(&administrator, &role).await?;
    Ok(call.done())
}

async fn grant_permission<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    set_permission(call, &administrator, true).await
}

async fn revoke_permission<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    set_permission(call, &administrator, false).await
}

async fn set_permission<P: Platform>(
    call: &Call<'_, P>,
    administrator: &Administrator,
    held: bool,
) -> Answer<NoContent> {
    let (role, permission) = (
        call.path_parameter("role"),
        call.path_parameter("permission"),
    );
    call.auth
        .roles()
        .set_permission(administrator, &role, &permission, held)
        .await?;
    Ok(call.done())
}
