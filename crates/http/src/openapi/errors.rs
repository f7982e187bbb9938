//! The format of errors, for the OpenAPI document.

use utoipa::ToSchema;

/// An error.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what ApiError writes")]
pub(super) struct ErrorResponse {
    error: ErrorBody,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what ApiError writes")]
pub(super) struct ErrorBody {
    /// Stable code, for programs.
    code: String,
    /// Description, for people.
    message: String,
    /// HTTP status code.
    status_code: u16,
    /// Every broken rule. Present on `validation_failed`.
    #[schema(nullable = false)]
    details: Option<Vec<ErrorDetail>>,
    /// Request ID to report to the operator. Present on `internal_error`.
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

/// An error of an OAuth 2.0 endpoint (RFC 6749 section 5.2).
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what ApiError writes")]
pub(super) struct OAuthError {
    error: String,
    error_description: String,
    /// Token for `/auth/login/mfa`. Present on `mfa_required`.
    #[schema(nullable = false)]
    mfa_token: Option<String>,
}
