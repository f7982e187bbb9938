//! The export of users.

use auth_core::{ImportUser, Platform};
use serde::Serialize;

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::route::{Parameter, Recency};
use crate::row::{get, rows};
#[cfg(test)]
use crate::users::imported::ImportedUser;

rows![
    export_users = get(
        "/users/export",
        "Lists users in the format of the import, one page at a time. `secrets` is restricted to superadmins.",
    )
    .permission("users:export")
    .recent(Recency::WithFlag("secrets"))
    .query(PARAMETERS)
    .answers::<ExportResponse>(),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::flag("secrets"),
    Parameter::limit(500),
    Parameter::cursor(),
];

/// A page of exported users.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ExportResponse {
    #[cfg_attr(test, schema(value_type = Vec<ImportedUser>))]
    users: Vec<ImportUser>,
    /// Pass this as `cursor` to get the next page. Null on the last page.
    next_cursor: Option<String>,
}

async fn export_users<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<ExportResponse> {
    let query = call.query()?;
    let secrets = query.flag("secrets")?.unwrap_or_default();
    let this = if secrets { "export/secrets" } else { "export" };
    let after = call.cursor(this, &query)?;
    let limit = query.limit()?;
    let page = call
        .auth
        .users()
        .export(&administrator, after, limit, secrets);
    let (users, next) = page.await?;
    Ok(call.json(&ExportResponse {
        users,
        next_cursor: next.map(|next| call.auth.users().encrypt_cursor(this, &next)),
    }))
}
