//! Routes that create, read, update and delete a user.

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
        "Creates a user, and e-mails an invitation if `invite` is true."
    )
    .permission("users:write")
    .recent(Recency::WithMember("roles"))
    .json::<CreateUserRequest>()
    .creates::<UserRecord>()
    .fails(&[409])
    .hashes_password(),
    get_user = get("/users/{id}", "Returns a user.")
        .permission("users:read")
        .answers::<UserRecord>(),
    update_user = patch(
        "/users/{id}",
        "Updates a user. Omitted fields are unchanged; null clears a field.",
    )
    .permission("users:write")
    .json::<UserUpdateRequest>()
    .answers::<UserRecord>()
    .fails(&[409]),
    delete_user = delete("/users/{id}", "Deletes a user and all of their data.")
        .permission("users:delete")
        .fails(&[409]),
];

/// A user to create. Either `email` or `username` is required.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CreateUserRequest {
    /// E-mail address. Required if `invite` is true.
    #[cfg_attr(test, schema(format = Email, max_length = 254))]
    email: Option<String>,
    /// Whether the e-mail address counts as verified.
    email_verified: bool,
    /// User name: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, starting with a letter or digit.
    #[cfg_attr(test, schema(pattern = "^([A-Za-z0-9][A-Za-z0-9._-]{2,31})?$"))]
    username: Option<String>,
    /// Password: 8 to 128 characters by default (`PASSWORD_MIN_LENGTH`, `PASSWORD_MAX_LENGTH`). Common passwords and
    /// passwords built from the e-mail address or a name are rejected.
    /// If omitted, the user chooses a password by an e-mailed link.
    #[cfg_attr(test, schema(format = Password, min_length = 8, max_length = 1024))]
    password: Option<String>,
    /// Display name: at most 100 characters, no control characters.
    #[cfg_attr(
        test,
        schema(max_length = 100, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$")
    )]
    display_name: Option<String>,
    /// Values of the extra fields configured in `PROFILE_FIELDS`: strings, numbers or booleans. Unknown fields are
    /// rejected; required fields must be present.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
    /// Names of existing roles. Default: `user`.
    roles: Option<Vec<String>>,
    /// Whether to e-mail the user a link to choose a password.
    invite: bool,
}

/// Changes to a user. Omitted fields are unchanged; null clears a field. An e-mail address or a user name must remain.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserUpdateRequest {
    /// E-mail address. A new address counts as unverified unless `email_verified` is true.
    #[serde(default, deserialize_with = "or_empty")]
    #[cfg_attr(test, schema(format = Email, max_length = 254))]
    email: Option<String>,
    /// Whether the e-mail address counts as verified.
    email_verified: Option<bool>,
    /// User name: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, starting with a letter or digit. Null or
    /// an empty string clears it.
    #[serde(default, deserialize_with = "or_empty")]
    #[cfg_attr(test, schema(pattern = "^([A-Za-z0-9][A-Za-z0-9._-]{2,31})?$"))]
    username: Option<String>,
    /// Display name: at most 100 characters, no control characters. Null or an empty string clears it.
    #[serde(default, deserialize_with = "or_empty")]
    #[cfg_attr(
        test,
        schema(max_length = 100, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$")
    )]
    display_name: Option<String>,
    /// Values of the extra fields configured in `PROFILE_FIELDS`: strings, numbers or booleans. Unknown fields are
    /// rejected. Null clears a field.
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
