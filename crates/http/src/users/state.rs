//! Routes that disable, enable and unlock accounts, require a password reset, and remove the second factor.

use auth_core::Platform;

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, post, rows};

rows![
    disable_user = post(
        "/users/{id}/disable",
        "Disables a user and ends their sessions.",
    )
    .permission("users:write")
    .fails(&[409]),
    enable_user = post("/users/{id}/enable", "Enables a disabled user.")
        .permission("users:write")
        .recent(Recency::Never),
    unlock_user = post(
        "/users/{id}/unlock",
        "Unlocks a user by clearing the failed sign-in attempts.",
    )
    .permission("users:write")
    .recent(Recency::Never),
    force_password_reset = post(
        "/users/{id}/reset-password",
        "Requires a password reset: ends the user's sessions and e-mails a link to choose a new password.",
    )
    .permission("users:write")
    .accepted()
    .fails(&[409]),
    remove_second_factor = delete(
        "/users/{id}/2fa",
        "Removes the second factor of a user and notifies them by e-mail. For your own account use `/auth/2fa/disable`.",
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
