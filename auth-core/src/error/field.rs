//! Broken rules about input fields.

use std::borrow::Cow;

/// One broken rule about one input field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field in the request.
    pub field: Cow<'static, str>,
    /// Which rule, stable, for programs.
    pub code: FieldErrorCode,
    /// Which rule, for people.
    pub message: String,
}

impl FieldError {
    /// A broken rule.
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

/// The rules an input field can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldErrorCode {
    /// The field is missing or empty.
    Required,
    /// Fewer characters than allowed.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// Not of the form that the field has.
    InvalidFormat,
    /// Among the passwords that attackers try first.
    CommonPassword,
    /// In a list of breached passwords.
    BreachedPassword,
    /// Made of the product's name, the address or the user name.
    ContextWord,
    /// Of another type than the field has.
    InvalidType,
    /// No field of that name.
    Unknown,
    /// Not this person's to change.
    ReadOnly,
    /// It names something that is not there.
    NotFound,
    /// Somebody else has it.
    Taken,
    /// The administrator does not hold it.
    GrantNotHeld,
}

impl FieldErrorCode {
    /// The code in the API's spelling.
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
