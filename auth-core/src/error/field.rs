//! Broken rules of input fields.

use std::borrow::Cow;

/// One broken rule of one input field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field in the request.
    pub field: Cow<'static, str>,
    /// Stable code of the rule, for programs.
    pub code: FieldErrorCode,
    /// Description of the rule, for people.
    pub message: String,
}

impl FieldError {
    /// Creates a broken rule.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        code: FieldErrorCode,
        message: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// The rules that an input field can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldErrorCode {
    /// The field is missing or empty.
    Required,
    /// Fewer characters than allowed.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// Not in the format of the field.
    InvalidFormat,
    /// Among the passwords that attackers try first.
    CommonPassword,
    /// In a list of breached passwords.
    BreachedPassword,
    /// Derived from the product's name, the address or the user name.
    ContextWord,
    /// Not of the type of the field.
    InvalidType,
    /// No field has this name.
    Unknown,
    /// The person is not allowed to change the field.
    ReadOnly,
    /// Names something that does not exist.
    NotFound,
    /// Another user has the value.
    Taken,
    /// The administrator is not allowed to grant it.
    GrantNotHeld,
}

impl FieldErrorCode {
    /// Returns the code in the API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::InvalidFormat => "invalid_format",
            Self::CommonPassword => "common_password",
            Self::BreachedPassword => "breached_password",
            Self::ContextWord => "context_word",
            Self::InvalidType => "invalid_type",
            Self::Unknown => "unknown_field",
            Self::ReadOnly => "read_only",
            Self::NotFound => "not_found",
            Self::Taken => "taken",
            Self::GrantNotHeld => "grant_not_held",
        }
    }
}
