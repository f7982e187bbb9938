//! A user in the form in which users come from elsewhere, and go there.

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::FieldError;

/// A user, as import and export write one in a JSON line.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportUser {
    /// A UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// When the address was proven, in RFC 3339 like every time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified_at: Option<String>,
    /// User name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What the person wants to be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Fields that the operator has declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
    /// Password hash, in a form that the server verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Whether the account is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Names of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// When the account was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When the person last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<String>,
    /// TOTP key, in Base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp_secret: Option<String>,
    /// Digests of the recovery codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<String>>,
}

/// Without what is secret.
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

/// How users are imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether to store nothing, and say what would become of each.
    pub trial: bool,
    /// What is left out where it can't be taken, for the sake of the rest.
    pub ignore: Vec<IgnoredField>,
}

/// A field without which an import may take a person, where it breaks a rule. What a second factor consists of is none: it
/// must not be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoredField {
    /// An address; there has to be a user name then.
    Email,
    /// A user name, also one that another user has; there has to be an address then.
    Username,
    /// A name to show.
    DisplayName,
    /// A password hash; the person chooses a new password by mail.
    PasswordHash,
    /// Those of the roles that are not there, or not to be given by who imports.
    Roles,
}

impl IgnoredField {
    /// The name of the field.
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

/// What became of a user who was to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// He is there now, or would be.
    Created {
        /// His identifier.
        id: String,
        /// What was left out, and why.
        left_out: Vec<FieldError>,
    },
    /// He was there before, by identifier or address; nothing of him was changed.
    Exists,
    /// He was not taken, for these reasons.
    Refused(Vec<FieldError>),
}
