//! Creating, reading, changing and deleting a user.

use auth_core::storage::UserDetails;
use auth_core::{NewAccount, Platform, UserUpdate};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::request::nullable::or_empty;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, get, patch, post, rows};
use crate::users::view::UserRecord;

rows![
    create_user = post(
        "/users",
        "Makes a user, and invites him if that is asked for."
    )
    .permission("users:write")
    .recent(Recency::WithMember("roles"))
    .json::<CreateUserRequest>()
    .creates::<UserRecord>()
    .fails(&[409])
    .hashes_password(),
    get_user = get("/users/{id}", "A user.")
        .permission("users:read")
        .answers::<UserRecord>(),
    update_user = patch(
        "/users/{id}",
        "Changes a user; what is left out stays, null takes away.",
    )
    .permission("users:write")
    .json::<UserUpdateRequest>()
    .answers::<UserRecord>()
    .fails(&[409]),
    delete_user = delete("/users/{id}", "Deletes a user and everything of him.")
        .permission("users:delete")
        .fails(&[409]),
];

/// A user to be made. An address or a user name is needed.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CreateUserRequest {
    /// E-mail address; an invitation needs one.
    #[cfg_attr(test, schema(format = Email, max_length = 254))]
    email: Option<String>,
    /// Whether the user is known to receive mail there.
    email_verified: bool,
    /// User name: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, a letter or digit first.
    #[cfg_attr(test, schema(pattern = "^([A-Za-z0-9][A-Za-z0-9._-]{2,31})?$"))]
    username: Option<String>,
    /// Password: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`), none of the common ones and
    /// not made of the address or a name. Without
    /// one the user chooses it by a link.
    #[cfg_attr(test, schema(format = Password, min_length = 8, max_length = 1024))]
    password: Option<String>,
    /// Name to show to others, at most 100 characters, no control characters.
    #[cfg_attr(
        test,
        schema(max_length = 100, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$")
    )]
    display_name: Option<String>,
    /// Values of the extra fields that are configured (`PROFILE_FIELDS`): text, numbers, true or false. Others are refused, and
    /// required ones have to be there.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
    /// Names of roles that exist; `user` without it.
    roles: Option<Vec<String>>,
    /// Whether the user gets a mail with a link to choose a password.
    invite: bool,
}

/// What changes of a user. Omitted fields are unchanged; null clears a field. An address or a user name has to remain.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserUpdateRequest {
    /// E-mail address; another one counts as not verified unless that is said as well.
    #[serde(default, deserialize_with = "or_empty")]
    #[cfg_attr(test, schema(format = Email, max_length = 254))]
    email: Option<String>,
    /// Whether the user is known to receive mail there.
    email_verified: Option<bool>,
    /// User name: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, a letter or digit first. Null or an
    /// empty text clears it.
    #[serde(default, deserialize_with = "or_empty")]
    #[cfg_attr(test, schema(pattern = "^([A-Za-z0-9][A-Za-z0-9._-]{2,31})?$"))]
    username: Option<String>,
    /// Name to show to others, at most 100 characters, no control characters. Null or an empty text clears it.
    #[serde(default, deserialize_with = "or_empty")]
    #[cfg_attr(
        test,
        schema(max_length = 100, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$")
    )]
    display_name: Option<String>,
    /// Values of the extra fields that are configured (`PROFILE_FIELDS`): text, numbers, true or false. Others are refused.
    /// Null clears a field.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
}

fn record<P: Platform>(call: &Call<'_, P>, member: UserDetails) -> Answer<UserRecord> {
    Ok(call.json(&UserRecord::of(call, member)))
}

async fn create_user<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: CreateUserRequest,
) -> Answer<UserRecord> {
    let new = NewAccount {
        email: request.email.as_deref(),
        email_verified: request.email_verified,
        username: request.username.as_deref(),
        password: request.password.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
        roles: request.roles.as_deref(),
        invite: request.invite,
    };
    record(call, call.auth.users().create(&administrator, new).await?)
}

async fn get_user<P: Platform>(call: &Call<'_, P>, _: Administrator) -> Answer<UserRecord> {
    record(
        call,
        call.auth.users().get(&call.path_parameter("id")).await?,
    )
}

async fn update_user<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: UserUpdateRequest,
) -> Answer<UserRecord> {
    let update = UserUpdate {
        email: request.email.as_deref(),
        email_verified: request.email_verified,
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
    };
    let id = call.path_parameter("id");
    let updated = call
        .auth
        .users()
        .update(&administrator, &id, update)
        .await?;
    record(call, updated)
}

async fn delete_user<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth.users().delete(&administrator, &id).await?;
    Ok(call.done())
}
