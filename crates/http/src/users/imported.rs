//! The format of an imported or exported user, for the OpenAPI document.

use serde_json::{Map, Value};

/// A user of another system. Either `email` or `username` is required.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "documents auth_core::ImportUser")]
pub(crate) struct ImportedUser {
    /// Identifier, a UUID. Default: a new one.
    id: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Whether the e-mail address counts as verified.
    email_verified: Option<bool>,
    /// When the e-mail address was verified, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    email_verified_at: Option<String>,
    /// User name.
    username: Option<String>,
    /// Display name.
    display_name: Option<String>,
    /// Values of the configured extra fields.
    #[schema(value_type = Option<Object>)]
    profile: Option<Map<String, Value>>,
    /// Password hash: Argon2, bcrypt, scrypt or PBKDF2.
    password_hash: Option<String>,
    /// Whether the account is disabled.
    disabled: Option<bool>,
    /// Names of roles. Default: `user`.
    roles: Option<Vec<String>>,
    /// When the user was created, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: Option<String>,
    /// When the user last signed in, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    last_login_at: Option<String>,
    /// TOTP key of the second factor, in Base32.
    totp_secret: Option<String>,
    /// Digests of the recovery codes.
    recovery_codes: Option<Vec<String>>,
}
