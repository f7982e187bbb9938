//! Permission and role checks.

use auth_core::Platform;
use auth_core::access::Question;
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::Caller;
use crate::request::query::invalid;
use crate::row::{post, rows};

rows![
    check_access = post(
        "/access/check",
        "Checks whether the caller has permissions and roles. Checking another user requires `users:read`.",
    )
    .caller()
    .while_impersonating()
    .json::<CheckRequest>()
    .answers::<CheckResponse>()
    .fails(&[404]),
];

/// Maximum number of questions in a request.
const MAX_QUESTIONS: usize = 100;

/// One question as exactly one of `permission`, `role`, `any_role` and `all_roles`, or 1 to 100 questions as `checks`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(min_properties = 1))]
pub(crate) struct CheckRequest {
    /// Identifier of the user to check. Default: the caller.
    user_id: Option<String>,
    /// Questions, each with exactly one member.
    #[cfg_attr(test, schema(min_items = 1, max_items = 100))]
    checks: Option<Vec<OneCheck>>,
    /// Whether the user has this permission.
    permission: Option<String>,
    /// Whether the user has this role.
    role: Option<String>,
    /// Whether the user has one of these roles.
    any_role: Option<Vec<String>>,
    /// Whether the user has all of these roles.
    all_roles: Option<Vec<String>>,
}

/// A question. Exactly one member must be present.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    test,
    derive(utoipa::ToSchema),
    schema(min_properties = 1, max_properties = 1)
)]
pub(crate) struct OneCheck {
    /// Whether the user has this permission.
    #[cfg_attr(test, schema(nullable = false))]
    permission: Option<String>,
    /// Whether the user has this role.
    #[cfg_attr(test, schema(nullable = false))]
    role: Option<String>,
    /// Whether the user has one of these roles.
    #[cfg_attr(test, schema(nullable = false))]
    any_role: Option<Vec<String>>,
    /// Whether the user has all of these roles.
    #[cfg_attr(test, schema(nullable = false))]
    all_roles: Option<Vec<String>>,
}

impl OneCheck {
    fn question(self) -> Result<Question, ApiError> {
        match (self.permission, self.role, self.any_role, self.all_roles) {
            (Some(name), None, None, None) => Ok(Question::Permission(name)),
            (None, Some(name), None, None) => Ok(Question::Role(name)),
            (None, None, Some(names), None) => Ok(Question::AnyRole(names)),
            (None, None, None, Some(names)) => Ok(Question::AllRoles(names)),
            _ => {
                let message = "Send exactly one of permission, role, any_role and all_roles.";
                Err(invalid("checks", message))
            }
        }
    }
}

/// The answers to the questions.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CheckResponse {
    /// Whether every answer is yes.
    allowed: bool,
    /// The answers, in the order of the questions.
    results: Vec<bool>,
}

async fn check_access<P: Platform>(
    call: &Call<'_, P>,
    caller: Caller,
    request: CheckRequest,
) -> Answer<CheckResponse> {
    let single = OneCheck {
        permission: request.permission,
        role: request.role,
        any_role: request.any_role,
        all_roles: request.all_roles,
    };
    let questions = match request.checks {
        None => vec![single.question()?],
        Some(_)
            if single.permission.is_some()
                || single.role.is_some()
                || single.any_role.is_some()
                || single.all_roles.is_some() =>
        {
            return Err(invalid(
                "checks",
                "Send either one question or several as checks, not both.",
            ));
        }
        Some(checks) if !(1..=MAX_QUESTIONS).contains(&checks.len()) => {
            return Err(invalid(
                "checks",
                &format!("Send 1 to {MAX_QUESTIONS} questions."),
            ));
        }
        Some(checks) => {
            let questions = checks.into_iter().map(OneCheck::question);
            questions.collect::<Result<Vec<_>, _>>()?
        }
    };
    let of_another = request.user_id.is_some() && request.user_id.as_deref() != caller.user_id();
    if of_another && caller.impersonates() {
        return Err(ApiError::no_impersonation());
    }
    if of_another && !caller.holder().has_permission("users:read") {
        return Err(ApiError::forbidden("users:read"));
    }
    let results = call
        .auth
        .roles()
        .check_access(&caller, request.user_id.as_deref(), &questions)
        .await?;
    Ok(call.json(&CheckResponse {
        allowed: results.iter().all(|yes| *yes),
        results,
    }))
}
