//! Administration of permissions.

use auth_core::Platform;
use auth_core::storage::Permission;
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, get, post, put, rows};

rows![
    list_permissions = get("/permissions", "Lists all permissions.")
        .permission("roles:read")
        .answers::<PermissionsResponse>(),
    create_permission = post("/permissions", "Creates a permission.")
        .permission("roles:write")
        .recent(Recency::Never)
        .json::<CreatePermissionRequest>()
        .creates::<PermissionView>()
        .fails(&[409]),
    get_permission = get(
        "/permissions/{permission}",
        "Returns a permission by identifier or name.",
    )
    .permission("roles:read")
    .answers::<PermissionView>(),
    update_permission = put(
        "/permissions/{permission}",
        "Updates a permission. Omitted fields are unchanged."
    )
    .permission("roles:write")
    .json::<PermissionUpdateRequest>()
    .answers::<PermissionView>()
    .fails(&[409]),
    delete_permission = delete(
        "/permissions/{permission}",
        "Deletes a permission and removes it from all roles.",
    )
    .permission("roles:write")
    .fails(&[409]),
];

/// A permission.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PermissionView {
    /// Identifier, a UUID.
    #[cfg_attr(test, schema(format = "uuid"))]
    id: String,
    /// Name, `resource:action`.
    name: String,
    /// Purpose of the permission.
    description: String,
    /// Whether the permission is built in.
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

/// All permissions, sorted by name.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PermissionsResponse {
    permissions: Vec<PermissionView>,
}

/// A permission to create.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CreatePermissionRequest {
    /// Name: `resource:action` or `*`. Each part is `*` or 1 to 64 of the characters a-z, 0-9, `.`, `_` and `-`.
    #[serde(default)]
    #[cfg_attr(
        test,
        schema(
            required,
            pattern = r"^(\*|(\*|[a-z0-9._-]{1,64}):(\*|[a-z0-9._-]{1,64}))$"
        )
    )]
    name: String,
    /// Purpose of the permission, at most 500 characters.
    #[serde(default)]
    #[cfg_attr(test, schema(max_length = 500))]
    description: String,
}

/// Changes to a permission. Omitted fields are unchanged.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PermissionUpdateRequest {
    /// New name, in the same format.
    #[cfg_attr(
        test,
        schema(pattern = r"^(\*|(\*|[a-z0-9._-]{1,64}):(\*|[a-z0-9._-]{1,64}))$")
    )]
    name: Option<String>,
    /// Purpose of the permission, at most 500 characters.
    #[cfg_attr(test, schema(max_length = 500))]
    description: Option<String>,
}

async fn list_permissions<P: Platform>(
    call: &Call<'_, P>,
    _: Administrator,
) -> Answer<PermissionsResponse> {
    let permissions = call.auth.permissions().list().await?.into_iter();
    Ok(call.json(&PermissionsResponse {
        permissions: permissions.map(PermissionView::from).collect(),
    }))
}

async fn create_permission<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: CreatePermissionRequest,
) -> Answer<PermissionView> {
    let (name, description) = (&request.name, &request.description);
    let created = call
        .auth
        .permissions()
        .create(&administrator, name, description)
        .await?;
    Ok(call.json(&created.into()))
}

async fn get_permission<P: Platform>(
    call: &Call<'_, P>,
    _: Administrator,
) -> Answer<PermissionView> {
    let permission = call
        .auth
        .permissions()
        .get(&call.path_parameter("permission"))
        .await?;
    Ok(call.json(&permission.into()))
}

async fn update_permission<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: PermissionUpdateRequest,
) -> Answer<PermissionView> {
    let permission = call
        .auth
        .permissions()
        .update(
            &administrator,
            &call.path_parameter("permission"),
            request.name.as_deref(),
            request.description.as_deref(),
        )
        .await?;
    Ok(call.json(&permission.into()))
}

async fn delete_permission<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let permission = call.path_parameter("permission");
    call.auth
        .permissions()
        .delete(&administrator, &permission)
        .await?;
    Ok(call.done())
}
