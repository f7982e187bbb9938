//! The records of users in imports and exports.

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::FieldError;

/// A user, as one JSON line of an import or export.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportUser {
    /// Identifier, a UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Time when the address was verified, in RFC 3339 like every time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified_at: Option<String>,
    /// User name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Values of the declared extra fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
    /// Password hash, in a format that the service can verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Whether the account is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Names of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Time when the account was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Time of the last sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<String>,
    /// TOTP key, in Base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp_secret: Option<String>,
    /// Digests of the recovery codes, SHA-256 in base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<String>>,
    /// Identities at sign-in providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identities: Option<Vec<ImportIdentity>>,
}

/// An identity in an import or export: an account at a sign-in provider, by which the user signs in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportIdentity {
    /// The issuer, as the provider has it in ID tokens.
    pub issuer: String,
    /// The identifier of the person at the issuer.
    pub subject: String,
    /// The name of the provider in the settings.
    pub provider: String,
    /// The e-mail address at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The name of the person at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Time when it was linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Time of the last sign-in by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

/// Omits the secrets.
impl fmt::Debug for ImportUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportUser")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("username", &self.username)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// Options of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether to store nothing, and only return the outcome that each user would have.
    pub trial: bool,
    /// Fields to leave out if they break a rule, so that the rest of the user is imported.
    pub ignore: Vec<IgnoredField>,
}

/// A field that an import can leave out if it breaks a rule. The fields of a second factor are not among them, because
/// a second factor must not be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoredField {
    /// The e-mail address; a user name is required then.
    Email,
    /// The user name, also one that another user has; an e-mail address is required then.
    Username,
    /// The display name.
    DisplayName,
    /// The password hash; the user sets a new password by mail.
    PasswordHash,
    /// The roles that do not exist, or that the actor can't grant.
    Roles,
}

impl IgnoredField {
    /// Returns the name of the field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
            Self::DisplayName => "display_name",
            Self::PasswordHash => "password_hash",
            Self::Roles => "roles",
        }
    }
}

/// A user whom an import created, or would create in a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedUser {
    /// Identifier of the user.
    pub id: String,
    /// The estimated milliseconds that it takes to verify the password, if there is one.
    pub password_cost_ms: Option<u32>,
    /// Broken rules of the fields that were left out.
    pub left_out: Vec<FieldError>,
}

/// The outcome of an import for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The user was created, or would be in a trial.
    Created(CreatedUser),
    /// A user with this identifier or address exists already, and was left unchanged.
    Exists,
    /// The user was refused, for these reasons.
    Refused(Vec<FieldError>),
}
