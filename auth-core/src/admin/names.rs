//! Rules for the names and descriptions of roles and permissions.

use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::profile::NO_NULL;

/// Maximum number of characters of a description.
const DESCRIPTION_MAX: usize = 500;

pub(super) fn check_name(name: &str, valid: bool, description: &str) -> Result<()> {
    let mut broken = Vec::new();
    if name.is_empty() {
        let message = "A name is required.";
        broken.push(FieldError::new("name", FieldErrorCode::Required, message));
    } else if !valid {
        let message = "Use at most 64 of a-z, 0-9, '.', '_' and '-'. A role starts with a letter; a permission is `resource:action` or a wildcard.";
        broken.push(FieldError::new(
            "name",
            FieldErrorCode::InvalidFormat,
            message,
        ));
    }
    if description.chars().count() > DESCRIPTION_MAX {
        let message = format!("At most {DESCRIPTION_MAX} characters.");
        broken.push(FieldError::new(
            "description",
            FieldErrorCode::TooLong,
            message,
        ));
    } else if description.contains('\0') {
        broken.push(FieldError::new(
            "description",
            FieldErrorCode::InvalidFormat,
            NO_NULL,
        ));
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(broken))
    }
}

pub(super) fn unknown(field: &'static str, name: &str) -> FieldError {
    let name: String = name.chars().take(64).collect();
    FieldError::new(
        field,
        FieldErrorCode::NotFound,
        format!("{name:?} does not exist."),
    )
}

pub(super) fn all_or_broken<T>(found: Vec<core::result::Result<T, FieldError>>) -> Result<Vec<T>> {
    let mut broken = Vec::new();
    let mut all = Vec::new();
    for one in found {
        match one {
            Ok(one) => all.push(one),
            Err(rule) => broken.push(rule),
        }
    }
    if broken.is_empty() {
        Ok(all)
    } else {
        Err(Error::Invalid(broken))
    }
}
