//! The roles of a user.

use auth_core::Platform;

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::response::reply::NoContent;
use crate::row::{delete, post, rows};

rows![
    add_role = post(
        "/users/{id}/roles/{role}",
        "Assigns a role, given by identifier or name, to a user.",
    )
    .permission("users:write"),
    remove_role = delete("/users/{id}/roles/{role}", "Removes a role from a user.",)
        .permission("users:write")
        .fails(&[409]),
];

async fn add_role<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    set_role(call, &administrator, true).await
}

async fn remove_role<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    set_role(call, &administrator, false).await
}

async fn set_role<P: Platform>(
    call: &Call<'_, P>,
    administrator: &Administrator,
    held: bool,
) -> Answer<NoContent> {
    let (id, role) = (call.path_parameter("id"), call.path_parameter("role"));
    call.auth
        .users()
        .set_role(administrator, &id, &role, held)
        .await?;
    Ok(call.done())
}
