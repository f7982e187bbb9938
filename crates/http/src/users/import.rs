//! Importing users.

use auth_core::{ImportOutcome, ImportUser, Platform};
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::request::query::invalid;
use crate::row::{post, rows};
#[cfg(test)]
use crate::users::imported::ImportedUser;

rows![
    import_users = post(
        "/users/import",
        "Imports users with their hashes, each on his own; who is there already stays as he is.",
    )
    .permission("users:import")
    .json::<ImportRequest>()
    .long_body()
    .answers::<ImportResponse>(),
];

/// Most users of one request.
const MAX_USERS: usize = 500;

/// Users to be imported.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportRequest {
    /// 1 to 500 of them.
    #[cfg_attr(test, schema(value_type = Vec<ImportedUser>, min_items = 1, max_items = 500))]
    users: Vec<ImportUser>,
    /// Whether to store nothing, and say what would become of each.
    #[serde(default)]
    dry_run: bool,
}

/// What became of users who were imported, in their order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportResponse {
    results: Vec<ImportResult>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportResult {
    /// `created`, `exists` or `refused`.
    status: &'static str,
    /// Identifier of who was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// About how many milliseconds the service computes to verify the password of who was created, as the parameters of
    /// the hash tell, until that is replaced at a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_cost_ms: Option<u32>,
    /// Why the user was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ImportError>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportError {
    /// Name of the field.
    field: String,
    /// Which rule, for programs.
    code: &'static str,
    /// Which rule, for people.
    message: String,
}

async fn import_users<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: ImportRequest,
) -> Answer<ImportResponse> {
    if !(1..=MAX_USERS).contains(&request.users.len()) {
        return Err(invalid("users", &format!("1 to {MAX_USERS} of them.")));
    }
    let cost = |user: &ImportUser| {
        call.auth
            .users()
            .password_cost(user.password_hash.as_deref()?)
            .ok()
    };
    let costs: Vec<_> = request.users.iter().map(cost).collect();
    let outcomes = call
        .auth
        .users()
        .import(&administrator, request.users, request.dry_run)
        .await?;
    let result = |(outcome, password_cost_ms)| match outcome {
        ImportOutcome::Created(id) => ImportResult {
            status: "created",
            id: Some(id),
            password_cost_ms,
            errors: Vec::new(),
        },
        ImportOutcome::Exists => ImportResult {
            status: "exists",
            id: None,
            password_cost_ms: None,
            errors: Vec::new(),
        },
        ImportOutcome::Refused(rules) => ImportResult {
            status: "refused",
            id: None,
            password_cost_ms: None,
            errors: rules
                .into_iter()
                .map(|rule| ImportError {
                    field: rule.field.into_owned(),
                    code: rule.code.as_str(),
                    message: rule.message,
                })
                .collect(),
        },
    };
    Ok(call.json(&ImportResponse {
        results: outcomes.into_iter().zip(costs).map(result).collect(),
    }))
}
