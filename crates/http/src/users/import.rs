//! The import of users.

use auth_core::{FieldError, IgnoredField, ImportOptions, ImportOutcome, ImportUser, Platform};
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
        "Imports users with their password hashes. Existing users are left unchanged, and one rejected user does not stop the others.",
    )
    .permission("users:import")
    .json::<ImportRequest>()
    .long_body()
    .answers::<ImportResponse>(),
];

/// Maximum number of users in a request.
const MAX_USERS: usize = 500;

/// Users to import.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportRequest {
    /// 1 to 500 users.
    #[cfg_attr(test, schema(value_type = Vec<ImportedUser>, min_items = 1, max_items = 500))]
    users: Vec<ImportUser>,
    /// Whether to store nothing and only report the outcome for each user.
    #[serde(default)]
    dry_run: bool,
    /// Fields to leave out if they can't be imported, so that the rest of the user is still imported: `email`,
    /// `username`, `display_name`, `password_hash`, `roles`.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = Vec<IgnoredName>))]
    ignore: Vec<IgnoredField>,
}

/// A field that an import leaves out if it can't be imported.
#[cfg(test)]
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "documents auth_core::IgnoredField")]
pub(crate) enum IgnoredName {
    Email,
    Username,
    DisplayName,
    PasswordHash,
    Roles,
}

/// The outcome for each user, in the order of the request.
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
    /// Identifier of the created user.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Estimated milliseconds to verify the password of the created user, from the parameters of the hash. Applies
    /// until a login replaces the hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_cost_ms: Option<u32>,
    /// Why the user was rejected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ImportError>,
    /// Fields of the created user that were left out because of `ignore`, with the reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<ImportError>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportError {
    /// Name of the field.
    field: String,
    /// Code of the broken rule, for programs.
    code: &'static str,
    /// Description of the broken rule, for people.
    message: String,
}

impl From<FieldError> for ImportError {
    fn from(rule: FieldError) -> Self {
        Self {
            field: rule.field.into_owned(),
            code: rule.code.as_str(),
            message: rule.message,
        }
    }
}

fn errors(rules: Vec<FieldError>) -> Vec<ImportError> {
    rules.into_iter().map(ImportError::from).collect()
}

async fn import_users<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
    request: ImportRequest,
) -> Answer<ImportResponse> {
    if !(1..=MAX_USERS).contains(&request.users.len()) {
        return Err(invalid("users", &format!("Send 1 to {MAX_USERS} users.")));
    }
    let options = ImportOptions {
        trial: request.dry_run,
        ignore: request.ignore,
    };
    let outcomes = call
        .auth
        .users()
        .import(&administrator, request.users, options)
        .await?;
    let result = |outcome| {
        let other = |status, rules| ImportResult {
            status,
            id: None,
            password_cost_ms: None,
            errors: errors(rules),
            left_out: Vec::new(),
        };
        match outcome {
            ImportOutcome::Created(user) => ImportResult {
                id: Some(user.id),
                password_cost_ms: user.password_cost_ms,
                left_out: errors(user.left_out),
                ..other("created", Vec::new())
            },
            ImportOutcome::Exists => other("exists", Vec::new()),
            ImportOutcome::Refused(rules) => other("refused", rules),
        }
    };
    Ok(call.json(&ImportResponse {
        results: outcomes.into_iter().map(result).collect(),
    }))
}
