//! The form of a user who is imported or exported, for the OpenAPI document.

use serde_json::{Map, Value};

/// A user who comes from elsewhere. An address or a user name is needed.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "documents auth_core::ImportUser")]
pub(crate) struct ImportedUser {
    /// Identifier, a UUID; a new one without it.
    id: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Whether the user is known to receive mail there.
    email_verified: Option<bool>,
    /// Since when, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    email_verified_at: Option<String>,
    /// User name.
    username: Option<String>,
    /// Name to show to others.
    display_name: Option<String>,
    /// Values of the configured extra fields.
    #[schema(value_type = Option<Object>)]
    profile: Option<Map<String, Value>>,
    /// Hash of the password, in a form of Argon2, bcrypt, scrypt or PBKDF2.
    password_hash: Option<String>,
    /// Whether the account is switched off.
    disabled: Option<bool>,
    /// Names of roles; `user` without it.
    roles: Option<Vec<String>>,
    /// When the user was created, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: Option<String>,
    /// When the user last signed in, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    last_login_at: Option<String>,
    /// Key of the second factor, in Base32.
    totp_secret: Option<String>,
    /// Digests of recovery codes.
    recovery_codes: Option<Vec<String>>,
}
