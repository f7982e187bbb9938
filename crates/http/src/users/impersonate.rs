//! Impersonation of a user.

use auth_core::Platform;
use auth_core::access::IMPERSONATE;
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::request::query::invalid;
use crate::row::{post, rows};
use crate::users::view::UserRecord;

rows![
    impersonate = post(
        "/users/{id}/impersonate",
        "Starts a short session in which an administrator acts as a user of lower rank.",
    )
    .permission(IMPERSONATE)
    .optional_json::<ImpersonateRequest>()
    .answers::<ImpersonateResponse>(),
];

/// The reason for the impersonation.
#[derive(Deserialize, Default)]
#[serde(default)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImpersonateRequest {
    /// Reason recorded in the audit log, at most 500 characters.
    #[cfg_attr(test, schema(max_length = 500))]
    reason: Option<String>,
}

/// The access token of the impersonation.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImpersonateResponse {
    /// Access token. Its `act` claim names the administrator.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// The impersonated user.
    user: UserRecord,
}

async fn impersonate<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: ImpersonateRequest,
) -> Answer<ImpersonateResponse> {
    let why = request.reason.as_deref();
    if why.is_some_and(|text| text.chars().count() > 500) {
        return Err(invalid("reason", "Use at most 500 characters."));
    }
    let started = call
        .auth
        .users()
        .impersonate(&administrator, &call.path_parameter("id"), why)
        .await?;
    Ok(call.json(&ImpersonateResponse {
        access_token: started.access_token,
        token_type: "Bearer",
        expires_in: started.expires_in,
        user: UserRecord::of(call, started.member),
    }))
}
