//! Switching accounts off and on, unlocking them, asking for a new password, and taking the second factor away.

use auth_core::Platform;

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, post, rows};

rows![
    disable_user = post(
        "/users/{id}/disable",
        "Switches an account off, and ends its sessions.",
    )
    .permission("users:write")
    .fails(&[409]),
    enable_user = post("/users/{id}/enable", "Switches an account on again.")
        .permission("users:write")
        .recent(Recency::Never),
    unlock_user = post(
        "/users/{id}/unlock",
        "Forgets failed attempts to sign in to an account.",
    )
    .permission("users:write")
    .recent(Recency::Never),
    force_password_reset = post(
        "/users/{id}/reset-password",
        "Makes a user choose another password by a link; his sessions end.",
    )
    .permission("users:write")
    .accepted()
    .fails(&[409]),
    remove_second_factor = delete(
        "/users/{id}/2fa",
        "Takes the second factor of a user away, who is told by mail. The own one goes by `/auth/2fa/disable`.",
    )
    .permission("users:write")
    .fails(&[409]),
];

async fn disable_user<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth.users().disable(&administrator, &id).await?;
    Ok(call.done())
}

async fn enable_user<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth.users().enable(&administrator, &id).await?;
    Ok(call.done())
}

async fn unlock_user<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth.users().unlock(&administrator, &id).await?;
    Ok(call.done())
}

async fn force_password_reset<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth
        .users()
        .force_password_reset(&administrator, &id)
        .await?;
    Ok(call.done())
}

async fn remove_second_factor<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth
        .users()
        .remove_second_factor(&administrator, &id)
        .await?;
    Ok(call.done())
}
