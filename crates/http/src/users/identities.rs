//! The identities of a user.

use auth_core::Platform;

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::response::reply::NoContent;
use crate::row::{delete, rows};

rows![
    unlink_user_identity = delete(
        "/users/{id}/identities/{identity_id}",
        "Unlinks an account at a sign-in provider from a user, and notifies them by e-mail.",
    )
    .permission("users:write")
    .fails(&[409]),
];

async fn unlink_user_identity<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let (id, identity) = (
        call.path_parameter("id"),
        call.path_parameter("identity_id"),
    );
    call.auth
        .users()
        .unlink_identity(&administrator, &id, &identity)
        .await?;
    Ok(call.done())
}
