//! Applies an administrator's update to a user.

use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::{FieldError, FieldErrorCode};
use crate::identifier::{EmailAddress, Username};
use crate::platform::Platform;
use crate::profile::{Editor, display_name};
use crate::storage::User;

/// An administrator's update of a user. Fields that are `None` stay unchanged; an empty text clears a field.
#[derive(Clone, Copy, Default)]
pub struct UserUpdate<'a> {
    /// New e-mail address. It counts as unverified unless `email_verified` is set as well.
    pub email: Option<&'a str>,
    /// Whether the address counts as verified.
    pub email_verified: Option<bool>,
    /// New user name.
    pub username: Option<&'a str>,
    /// New display name.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields; null removes one.
    pub profile: Option<&'a Map<String, Value>>,
}

/// Applies an update to a user, if it breaks no rule.
pub(super) fn write_update<P: Platform>(
    context: &Context<P>,
    user: &mut User,
    update: UserUpdate<'_>,
    registering: bool,
) -> Result<(), Vec<FieldError>> {
    let mut broken = Vec::new();
    let given = |text: &&str| !text.trim().is_empty();
    if let Some(text) = update.email {
        match Some(text)
            .filter(given)
            .map(EmailAddress::parse)
            .transpose()
        {
            Ok(email) => {
                let email = email.map(|email| email.as_str().to_owned());
                if email != user.email {
                    user.email_verified_at = None;
                }
                user.email = email;
            }
            Err(rule) => broken.push(rule),
        }
    }
    match (update.email_verified, &user.email) {
        (Some(true), Some(_)) => {
            user.email_verified_at.get_or_insert_with(|| context.now());
        }
        (Some(false), _) | (_, None) => user.email_verified_at = None,
        (None, Some(_)) => {}
    }
    if let Some(text) = update.username {
        match Some(text).filter(given).map(Username::parse).transpose() {
            Ok(name) => user.username = name.map(|name| name.as_str().to_owned()),
            Err(rule) => broken.push(rule),
        }
    }
    if broken.is_empty() && user.email.is_none() && user.username.is_none() {
        let message = "An e-mail address or a user name is required to sign in.";
        broken.push(FieldError::new("email", FieldErrorCode::Required, message));
    }
    if let Some(text) = update.display_name {
        match display_name(Some(text)) {
            Ok(name) => user.display_name = name,
            Err(rule) => broken.push(rule),
        }
    }
    if let Some(given) = update.profile {
        let fields = &context.config.profile_fields;
        match fields.change(&user.profile, given, Editor::Admin, registering) {
            Ok(profile) => user.profile = profile,
            Err(rules) => broken.extend(rules),
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken)
    }
}
