//! Routes that read, update and delete the user's own account.

use auth_core::{AccountUpdate, Evidence, Platform};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::account::view::{AccountResponse, MeResponse, UserView};
use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::Session;
use crate::request::json;
use crate::request::nullable::or_empty;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, get, patch, rows};

rows![
    me = get("/auth/me", "Returns the signed-in user with their roles and permissions.")
        .session()
        .while_impersonating()
        .while_enrolling()
        .answers::<MeResponse>(),
    me = get("/users/me", "Alias of `/auth/me`.")
        .session()
        .while_impersonating()
        .while_enrolling()
        .answers::<MeResponse>(),
    account = get("/account", "Returns the account of the signed-in user, with their sign-in methods.")
        .session()
        .while_impersonating()
        .while_enrolling()
        .answers::<AccountResponse>(),
    update_account = patch(
        "/account",
        "Updates the user name, display name and profile. Omitted fields are unchanged; null clears a field.",
    )
    .session()
    .recent(Recency::WithMember("username"))
    .json::<AccountUpdateRequest>()
    .answers::<UserView>()
    .fails(&[409, 429]),
    delete_account = delete("/account", "Deletes the account and all of its data.")
        .session()
        .optional_json::<PasswordRequest>()
        .fails(&[403, 429])
        .hashes_password(),
];

/// Changes to the user's own account.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct AccountUpdateRequest {
    /// User name for signing in: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, starting with a letter or
    /// digit. Null or an empty string clears it.
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
    /// rejected. Null clears a field that is not required.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
}

/// The password, as proof of the account.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PasswordRequest {
    /// The current password. An account without a password requires authentication within the last ten minutes instead.
    #[cfg_attr(test, schema(format = Password, min_length = 1))]
    password: Option<String>,
    /// TOTP code or recovery code. Required if a second factor is enabled, unless the session was authenticated with it
    /// within the last ten minutes.
    #[serde(alias = "totp_code")]
    code: Option<String>,
}

fn view<P: Platform>(call: &Call<'_, P>, session: Session) -> MeResponse {
    let missing = call.auth.mfa().missing_factor(&session);
    MeResponse::of(session.into_inner(), missing.map(ApiError::missing_factor))
}

async fn me<P: Platform>(call: &Call<'_, P>, session: Session) -> Answer<MeResponse> {
    Ok(call.json(&view(call, session)))
}

async fn account<P: Platform>(call: &Call<'_, P>, session: Session) -> Answer<AccountResponse> {
    let methods = call.auth.accounts().sign_in_methods(&session).await?;
    Ok(call.json(&AccountResponse {
        me: view(call, session),
        has_password: methods.password,
        mfa_enabled: methods.second_factor,
        recovery_codes_left: methods.recovery_codes_left,
        identity_count: methods.identities,
    }))
}

async fn update_account<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: AccountUpdateRequest,
) -> Answer<UserView> {
    let update = AccountUpdate {
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
    };
    let user = call
        .auth
        .accounts()
        .update(&session, update, &call.client())
        .await?;
    Ok(call.json(&user.into()))
}

async fn delete_account<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: PasswordRequest,
) -> Answer<NoContent> {
    let evidence = Evidence {
        password: json::optional(request.password.as_deref()),
        code: request.code.as_deref(),
        ..Evidence::default()
    };
    call.auth
        .accounts()
        .delete(&session, evidence, &call.client())
        .await?;
    let mut reply = call.done();
    call.clear_cookies(reply.headers_mut());
    call.forget_device(reply.headers_mut());
    Ok(reply)
}
