//! The form of errors.

use utoipa::ToSchema;

/// The form of errors.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what ApiError writes")]
pub(super) struct ErrorResponse {
    error: ErrorBody,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what ApiError writes")]
pub(super) struct ErrorBody {
    /// Stable, for programs.
    code: String,
    /// For people.
    message: String,
    /// The HTTP status.
    status_code: u16,
    /// On `validation_failed`: every broken rule.
    #[schema(nullable = false)]
    details: Option<Vec<ErrorDetail>>,
    /// On `internal_error`: what to quote to the operator.
    #[schema(nullable = false)]
    request_id: Option<String>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what ApiError writes")]
pub(super) struct ErrorDetail {
    field: String,
    code: String,
    message: String,
}

/// The form of errors of RFC 6749 section 5.2.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what ApiError writes")]
pub(super) struct OAuthError {
    error: String,
    error_description: String,
    /// On `mfa_required`: for `/auth/login/mfa`.
    #[schema(nullable = false)]
    mfa_token: Option<String>,
}
